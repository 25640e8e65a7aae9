#include "api/batch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <set>

#include "api/forms.h"
#include "api/random_id.h"
#include "api/routes.h"
#include "base/quote.h"
#include "io/json.h"
#include "sys/line_file.h"

namespace mr::api {
namespace json = boost::json;
namespace {

/// A request of the input.
struct Job {
  std::string custom_id;
  Generation generation;
  std::vector<Ticket> tickets = {};  ///< by prompt
  std::shared_ptr<Mailbox> box = std::make_shared<Mailbox>();
  bool over = false;  ///< its line is written
};

/// Rung by the engine's thread, heard by the one that writes.
struct Doorbell {
  std::mutex mutex;
  std::condition_variable rung;
  std::vector<std::weak_ptr<Job>> callers;
};

void ring(Doorbell& bell, std::weak_ptr<Job> caller) {
  {
    const std::lock_guard lock(bell.mutex);
    bell.callers.push_back(std::move(caller));
  }
  bell.rung.notify_one();
}

struct Run {
  Service& service;
  sys::LineReader in;
  sys::LineWriter out;
  std::set<std::string, std::less<>> answered = {};  ///< ids that stand in the output
  std::set<std::int64_t> refused_lines = {};         ///< likewise, of lines without a good id
  std::set<std::string, std::less<>> seen = {};      ///< ids of the input so far
  BatchCounts counts = {};
  bool more = true;  ///< lines to read
  Doorbell bell = {};
  std::set<std::shared_ptr<Job>> jobs = {};
  std::size_t n_choices = 0;  ///< under way
};

json::object answer_line(const json::value& custom_id) {
  return {{"id", random_id("batch_req_")},
          {"custom_id", custom_id},
          {"response", nullptr},
          {"error", nullptr}};
}

Expected<void> write_response(Run& run, const std::string& custom_id, int status,
                              json::object body) {
  json::object line = answer_line(json::value(custom_id));
  line["response"] = {
      {"status_code", status}, {"request_id", random_id("req-")}, {"body", std::move(body)}};
  ++run.counts.n_done;
  if (status != 200) ++run.counts.n_refused;
  return sys::add_line(run.out, json::serialize(line));
}

/// A line of the input that is no request.
Expected<void> write_refusal(Run& run, std::int64_t number, const std::string& message) {
  json::object line = answer_line(nullptr);
  line["error"] = {{"code", "invalid_request"}, {"message", message}, {"line", number}};
  ++run.counts.n_done;
  ++run.counts.n_refused;
  return sys::add_line(run.out, json::serialize(line));
}

/// What an earlier run has answered.
Expected<void> read_answers(Run& run, const std::string& path) {
  MR_TRY(sys::LineReader reader, sys::open_lines(path));
  const std::size_t most = std::size_t{1} << 30;
  for (std::int64_t number = 1;; ++number) {
    MR_TRY(const std::optional<std::string> line, sys::next_line(reader, most));
    if (!line) return {};
    const auto document =
        mr::json::parse(*line, {.max_bytes = most, .memory_bytes = 8 * line->size() + 65536});
    const json::object* object = document ? document->root.if_object() : nullptr;
    const json::value* id = object != nullptr ? object->if_contains("custom_id") : nullptr;
    const json::value* error = object != nullptr ? object->if_contains("error") : nullptr;
    if (id != nullptr && id->is_string()) {
      run.answered.emplace(as_text(id->get_string()));
    } else if (error != nullptr && error->is_object() &&
               error->get_object().if_contains("line") != nullptr &&
               error->get_object().at("line").is_int64()) {
      run.refused_lines.insert(error->get_object().at("line").get_int64());
    } else {
      return fail(Fault::bad_request, path + ": line " + std::to_string(number) +
                                          ": wanted an answer of this program, found another file");
    }
  }
}

/// What the server would make of the request.
Checked<Ask> ask_of(Service& service, const json::object& line) {
  Fields fields{.object = line};
  HttpRequest request;
  request.method = get_text(fields, "method").value_or("POST");
  request.path = get_text(fields, "url").value_or("");
  const json::object* body = get_object(fields, "body");
  if (body == nullptr) complain(fields, "body", "wanted an object");
  if (fields.problem) return refuse(std::move(*fields.problem));
  request.body = json::serialize(*body);
  MR_ASK(const Route* route, find_route(request));
  MR_ASK(Reply reply, route->handle({.service = service,
                                     .request = request,
                                     .asking = {.request_id = "", .now = now_seconds()}}));
  auto* ask = std::get_if<Ask>(&reply);
  if (ask == nullptr) return refuse({.message = "url: not for batches", .param = "url"});
  if (ask->stream) return refuse({.message = "stream: not in batches", .param = "stream"});
  return std::move(*ask);
}

void start(Run& run, std::string custom_id, Ask ask) {
  const auto job = std::make_shared<Job>(
      Job{std::move(custom_id), make_generation(std::move(ask), *run.service.served.tokenizer)});
  job->box->max_bytes = std::size_t{1} << 30;  // read as fast as it fills
  job->box->kept = job->generation.ask.grammar;
  job->box->wake = [&bell = run.bell, weak = std::weak_ptr(job)] { ring(bell, weak); };
  run.n_choices += job->generation.choices.size();
  run.jobs.insert(job);
  for (const engine::Submit& prompt : job->generation.ask.prompts) {
    job->tickets.push_back(submit(*run.service.loop, prompt, job->box));
  }
}

/// Takes the next line of the input.
Expected<void> read_next(Run& run) {
  const std::size_t most = run.service.served.limits.body_bytes;
  MR_TRY(const std::optional<std::string> text, sys::next_line(run.in, most));
  run.more = text.has_value();
  if (!text || text->find_first_not_of(" \t\r") == std::string::npos) return {};
  const std::int64_t number = ++run.counts.n_lines;
  if (run.refused_lines.contains(number)) {
    ++run.counts.n_before;
    return {};
  }
  const auto document = mr::json::parse(*text, {.max_bytes = most, .memory_bytes = 4 * most});
  if (!document) return write_refusal(run, number, document.error().message);
  const json::object* line = document->root.if_object();
  const json::value* id = line != nullptr ? line->if_contains("custom_id") : nullptr;
  if (id == nullptr || !id->is_string()) {
    return write_refusal(run, number, "wanted an object with a custom_id");
  }
  const std::string custom_id(as_text(id->get_string()));
  if (!run.seen.insert(custom_id).second) {
    return write_refusal(run, number, "the custom_id " + quote(custom_id) + " was there before");
  }
  if (run.answered.contains(custom_id)) {
    ++run.counts.n_before;
    return {};
  }
  Checked<Ask> ask = ask_of(run.service, *line);
  if (!ask) {
    return write_response(run, custom_id, ask.error().status, openai_error(ask.error()));
  }
  start(run, custom_id, std::move(*ask));
  return {};
}

/// Writes the answer of a job, which is then over.
Expected<void> settle(Run& run, const std::shared_ptr<Job>& job, int status, json::object body) {
  job->over = true;
  run.n_choices -= job->generation.choices.size();
  for (const Ticket ticket : job->tickets) cancel(*run.service.loop, ticket);
  run.jobs.erase(job);
  return write_response(run, job->custom_id, status, std::move(body));
}

Expected<void> take_arrival(Run& run, const std::shared_ptr<Job>& job, Arrival&& arrival) {
  const auto refuse_job = [&](const Problem& problem) {
    return settle(run, job, problem.status, openai_error(problem));
  };
  if (arrival.error) return refuse_job(problem_of(*arrival.error));
  Generation& generation = job->generation;
  const auto place = std::ranges::find(job->tickets, arrival.ticket) - job->tickets.begin();
  const bool over = arrival.event.ended.has_value();
  const std::int32_t choice = arrival.event.choice;
  run.counts.n_tokens += static_cast<std::int64_t>(arrival.event.tokens.size());
  const auto piece =
      take_in(generation, static_cast<std::int32_t>(place), std::move(arrival.event));
  if (!piece) return {};
  if (piece->finish == Finish::failed) {
    return refuse_job({.status = 500, .message = "the model's output is not a number"});
  }
  if (piece->finish && !over) cancel(*run.service.loop, arrival.ticket, choice);
  if (generation.n_open > 0) return {};
  return settle(run, job, 200, whole(generation));
}

/// The jobs that something has come for; waits for a moment where there are none.
std::vector<std::weak_ptr<Job>> wait(Doorbell& bell) {
  constexpr std::chrono::milliseconds kMoment{200};
  std::unique_lock lock(bell.mutex);
  bell.rung.wait_for(lock, kMoment, [&] { return !bell.callers.empty(); });
  return std::exchange(bell.callers, {});
}

/// Choices under way: enough that a row that becomes free is taken in the next step.
std::size_t most_choices(const Service& service) {
  constexpr std::size_t kQueue = 128;
  return 2 * static_cast<std::size_t>(service.loop->options.n_running) + kQueue;
}

Expected<void> run_all(Run& run, const std::function<bool(const BatchCounts&)>& on_step) {
  while (run.more || !run.jobs.empty()) {
    while (run.more && run.n_choices < most_choices(run.service)) {
      MR_TRY_VOID(read_next(run));
    }
    if (!on_step(run.counts)) return fail(Fault::cancelled, "interrupted");
    if (run.jobs.empty()) continue;
    for (const std::weak_ptr<Job>& caller : wait(run.bell)) {
      const std::shared_ptr<Job> job = caller.lock();
      if (job == nullptr) continue;
      for (Arrival& arrival : take(*job->box)) {
        if (job->over) break;
        MR_TRY_VOID(take_arrival(run, job, std::move(arrival)));
      }
    }
  }
  return {};
}

}  // namespace

Expected<BatchCounts> run_batch(Service& service, const BatchFiles& files,
                                const std::function<bool(const BatchCounts&)>& on_step) {
  MR_TRY(sys::LineReader in, sys::open_lines(files.in));
  MR_TRY(sys::LineWriter out, sys::append_lines(files.out));
  Run run{.service = service, .in = std::move(in), .out = std::move(out)};
  MR_TRY_VOID(read_answers(run, files.out));
  const auto done = run_all(run, on_step);
  halt(*service.loop);  // it rings the bell no more
  if (!done) return tl::unexpected<Error>(done.error());
  MR_TRY_VOID(sys::sync(run.out));
  return run.counts;
}

}  // namespace mr::api
