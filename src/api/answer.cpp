#include "api/answer.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/cache_report.h"
#include "api/forms.h"
#include "api/responses.h"

namespace mr::api {
namespace {

using Clock = std::chrono::steady_clock;

/// What wakes the coroutine that waits for an answer. On the strand of its connection.
struct Bell {
  explicit Bell(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  asio::cancellation_signal stop_watching;  ///< the peer
  bool rung = false;
  bool readable = false;  ///< the peer has sent something, or left
};

void ring(const std::shared_ptr<Bell>& bell) {
  bell->rung = true;
  bell->timer.cancel();
}

double seconds_of(Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// An answer under way: ends what the engine still does of it when it goes away.
struct Work {
  Shelf& shelf;
  Generation generation;
  std::shared_ptr<Mailbox> box = std::make_shared<Mailbox>();
  std::vector<Ticket> tickets = {};  ///< by prompt
  std::optional<Problem> problem = {};
  Clock::time_point start = Clock::now();
  Clock::time_point last_tokens = {};
  Clock::time_point last_write = start;
  Measured measured = {};
  std::uint64_t key;  ///< whose answer it is

  Work(Shelf& own, Ask ask, std::uint64_t scope)
      : shelf(own),
        generation(make_generation(std::move(ask), *own.service.served.tokenizer)),
        key(scope) {
    shelf.n_choices += generation.choices.size();
  }
  ~Work() {
    const std::size_t n = generation.choices.size();
    shelf.n_choices -= n;
    for (const Ticket ticket : tickets) cancel(*shelf.service.loop, ticket);
    const Usage usage = usage_of(generation);
    const bool begun = measured.begun_s >= 0;
    leave(shelf.service.quota, key, n, begun,
          begun ? static_cast<std::size_t>(usage.n_prompt + usage.n_completion) : 0,
          seconds_of(Clock::now()));
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
};

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// Seconds until a new answer would begin, about.
double wait_of(const Shelf& shelf) {
  const auto n_running = static_cast<std::size_t>(shelf.service.loop->options.n_running);
  if (shelf.n_choices < n_running) return 0;
  const std::size_t n_before = shelf.n_choices - n_running + 1;
  return static_cast<double>(n_before) / static_cast<double>(n_running) * shelf.answer_s;
}

Problem overloaded(Shelf& shelf, const char* code, const char* message) {
  constexpr double kLongest_s = 60;
  record_rejection(shelf.service.metrics, code);
  const double wait_s = std::clamp(wait_of(shelf), 1.0, kLongest_s - 2);
  return {.status = 503,
          .message = message,
          .code = code,
          .retry_after_s = static_cast<int>(wait_s) + static_cast<int>(shelf.n_choices % 3)};
}

/// Whether there is room for more; said from what is under way, so at once. Counts it in.
std::optional<Problem> check_room(Shelf& shelf, std::uint64_t key, std::size_t n_choices) {
  const Limits& limits = shelf.service.served.limits;
  const auto n_running = static_cast<std::size_t>(shelf.service.loop->options.n_running);
  if (shelf.closing || shelf.service.draining) {
    return overloaded(shelf, "shutting_down", "the server is shutting down");
  }
  if (shelf.n_choices + n_choices > n_running + limits.waiting) {
    return overloaded(shelf, "queue_full", "too many requests are waiting");
  }
  if (wait_of(shelf) > limits.wait_s) {
    return overloaded(shelf, "long_wait", "this request would wait too long");
  }
  auto refused = enter(shelf.service.quota, limits, key, n_choices, seconds_of(Clock::now()));
  if (refused) record_rejection(shelf.service.metrics, refused->code);
  return refused;
}

/// Takes in what has come and gives the bytes of it.
std::string take_arrivals(Work& work) {
  std::string bytes;
  Generation& generation = work.generation;
  const auto now = Clock::now();
  for (Arrival& arrival : take(*work.box)) {
    if (arrival.error) {
      work.problem = problem_of(*arrival.error);
      break;
    }
    if (arrival.event.begun_us > 0 && work.measured.begun_s < 0) {
      const double begun_s = arrival.event.begun_us * 1e-6 - seconds_of(work.start);
      work.measured.begun_s = std::max(begun_s, 0.0);
      begin(work.shelf.service.quota, work.key, generation.choices.size());
    }
    if (!arrival.event.tokens.empty()) {
      if (work.measured.first_token_s < 0) {
        work.measured.first_token_s = seconds_between(work.start, now);
      } else {
        work.measured.gaps_s.push_back(seconds_between(work.last_tokens, now));
      }
      work.last_tokens = now;
    }
    const auto place = std::ranges::find(work.tickets, arrival.ticket) - work.tickets.begin();
    const bool over = arrival.event.ended.has_value();
    const std::int32_t choice = arrival.event.choice;
    const auto piece =
        take_in(generation, static_cast<std::int32_t>(place), std::move(arrival.event));
    if (!piece) continue;
    if (piece->finish == Finish::failed) {
      work.problem = Problem{.status = 500, .message = "the model's output is not a number"};
      work.measured.corrupted = true;
      break;
    }
    if (piece->finish && !over) cancel(*work.shelf.service.loop, arrival.ticket, choice);
    if (generation.ask.stream) bytes += event(generation, *piece);
  }
  return bytes;
}

void finish(Work& work, std::string how) {
  const Usage usage = usage_of(work.generation);
  Measured& m = work.measured;
  m.finish = std::move(how);
  m.n_prompt = usage.n_prompt;
  m.n_cached = usage.n_cached;
  m.n_completion = usage.n_completion;
  m.n_choices = work.generation.ask.n;
  const auto best_of = static_cast<std::size_t>(work.generation.ask.best_of);
  for (std::size_t p = 0; p < work.generation.miss.size(); ++p) {
    if (work.generation.choices[p * best_of].n_tokens == 0) continue;  // it never ran
    const auto n_prompt = static_cast<std::int32_t>(work.generation.ask.prompts[p].prompt.size());
    m.n_missed[static_cast<std::size_t>(work.generation.miss[p])] +=
        n_prompt - work.generation.n_cached[p];
  }
  for (const Choice& choice : work.generation.choices) {
    m.n_longest = std::max(m.n_longest, choice.n_tokens);
  }
  m.n_max = work.generation.ask.prompts.front().n_new;
  m.whole_s = seconds_between(work.start, Clock::now());
  record(work.shelf.service.metrics, m);
  if (m.begun_s < 0 || m.finish == "abort") return;
  constexpr double kNew = 0.1;  // weight of this answer in the mean
  const double took_s = m.whole_s - m.begun_s;
  const double before = work.shelf.answer_s;
  work.shelf.answer_s = before > 0 ? before + kNew * (took_s - before) : took_s;
}

std::string finish_name(const Work& work) {
  const bool cut = std::ranges::any_of(work.generation.choices, [](const Choice& choice) {
    return choice.whole.finish == Finish::length;
  });
  return cut ? "length" : "stop";
}

/// What the head of a streamed answer says.
Response stream_response(const Exchange& exchange) {
  Response response{.type = "text/event-stream; charset=utf-8", .headers = exchange.headers};
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  return response;
}

/// The bytes of a part of a stream, behind the head where it is the first.
std::string framed(Exchange& exchange, bool& begun, std::string_view bytes) {
  std::string out;
  if (!std::exchange(begun, true)) {
    out = stream_head(stream_response(exchange), exchange.keep, exchange.chunks);
  }
  return out + (exchange.chunks ? chunk(bytes) : std::string(bytes));
}

/// Waits until there is something to take, for `limit_s` at most. False: the peer has left.
template <typename Stream>
asio::awaitable<bool> wait(Stream& stream, const std::shared_ptr<Bell>& bell, double limit_s) {
  constexpr double kLook_s = 0.05;  // where the peer has sent more already, leaving is polled for
  const auto until = Clock::now() + seconds(limit_s);
  while (!bell->rung && Clock::now() < until) {
    if (bell->readable && peer_left(stream)) co_return false;
    const auto look = Clock::now() + seconds(kLook_s);
    bell->timer.expires_at(bell->readable ? std::min(look, until) : until);
    co_await bell->timer.async_wait(kResult);
  }
  bell->rung = false;
  co_return !(bell->readable && peer_left(stream));
}

void start(Work& work, const std::shared_ptr<Bell>& bell, const asio::any_io_executor& strand) {
  work.box->kept = work.generation.ask.grammar;
  work.box->max_bytes = work.shelf.service.served.limits.unread_bytes;
  work.box->wake = [bell, strand] { asio::post(strand, [bell] { ring(bell); }); };
  for (const engine::Submit& prompt : work.generation.ask.prompts) {
    work.tickets.push_back(submit(*work.shelf.service.loop, prompt, work.box));
  }
}

/// What is told of an answer beside itself.
asio::awaitable<void> complete(Shelf& shelf, Work& work) {
  if (!work.generation.ask.cache_report || work.problem) co_return;
  const Served& served = shelf.service.served;
  work.generation.cache = co_await asio::co_spawn(
      shelf.workers.get_executor(),
      [&]() -> asio::awaitable<boost::json::object> {
        co_return cache_report(served, work.generation);
      },
      asio::use_awaitable);
}

}  // namespace

std::string bytes_with(const Exchange& exchange, Response response) {
  response.headers.insert(response.headers.end(), exchange.headers.begin(), exchange.headers.end());
  return bytes_of(response, exchange.keep, exchange.request.method == "HEAD");
}

template <typename Stream>
asio::awaitable<bool> run_ask(Shelf& shelf, Stream& stream, Exchange& exchange, Ask ask) {
  const Limits& limits = shelf.service.served.limits;
  const std::size_t n_choices = ask.prompts.size() * static_cast<std::size_t>(ask.best_of);
  if (const auto full = check_room(shelf, exchange.request.scope, n_choices)) {
    const std::string bytes = bytes_with(exchange, error_response(*full, exchange.dialect));
    co_return co_await write_all(stream, bytes, limits.stall_s) && exchange.keep;
  }
  const asio::any_io_executor strand = co_await asio::this_coro::executor;
  const auto bell = std::make_shared<Bell>(strand);
  Work work(shelf, std::move(ask), exchange.request.scope);
  start(work, bell, strand);
  socket_of(stream).async_wait(
      asio::ip::tcp::socket::wait_read,
      asio::bind_cancellation_slot(bell->stop_watching.slot(),
                                   [bell](boost::system::error_code error) {
                                     if (error) return;
                                     bell->readable = true;
                                     bell->timer.cancel();
                                   }));

  const bool streamed = work.generation.ask.stream;
  bool begun = false;
  bool there = true;
  while (there && work.generation.n_open > 0 && !work.problem) {
    there = co_await wait(stream, bell, streamed ? limits.ping_s : 3600);
    if (!there) break;
    std::string bytes = take_arrivals(work);
    const double silent_s = seconds_between(work.last_write, Clock::now());
    if (bytes.empty() && streamed && silent_s >= limits.ping_s) bytes = ping(work.generation);
    if (bytes.empty()) continue;
    bytes = framed(exchange, begun, bytes);
    there = co_await write_all(stream, bytes, limits.stall_s);
    work.last_write = Clock::now();
  }
  bell->stop_watching.emit(asio::cancellation_type::all);
  if (!there) {
    finish(work, "abort");
    co_return false;
  }
  co_await complete(shelf, work);
  std::string bytes;
  if (work.problem && !begun) {
    bytes = bytes_with(exchange, error_response(*work.problem, exchange.dialect));
  } else if (work.problem) {
    bytes = framed(exchange, begun, error_event(work.generation, *work.problem));
  } else if (streamed) {
    bytes = framed(exchange, begun, last(work.generation));
  } else {
    bytes = bytes_with(exchange, {.body = boost::json::serialize(whole(work.generation))});
  }
  if (!work.problem) keep_response(shelf.service.responses, work.generation);
  if (begun && exchange.chunks) bytes += chunk("");
  finish(work, work.problem ? "error" : finish_name(work));
  const bool written = co_await write_all(stream, bytes, limits.stall_s);
  co_return written&& exchange.keep && !(begun && !exchange.chunks);
}

template asio::awaitable<bool> run_ask<Plain>(Shelf&, Plain&, Exchange&, Ask);
template asio::awaitable<bool> run_ask<Tls>(Shelf&, Tls&, Exchange&, Ask);

}  // namespace mr::api
