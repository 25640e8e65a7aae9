#include "app/spec_bench_command.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "app/chat_prompt.h"
#include "app/exit.h"
#include "app/interrupt.h"
#include "app/prompt_flags.h"
#include "app/spec_chart.h"
#include "app/spec_prompts.h"
#include "app/speculation.h"
#include "engine/spec_trial.h"
#include "spec/static_tree.h"
#include "text/valid_utf8.h"

namespace mr::app {
namespace {

using SpecPrompts = std::vector<std::vector<std::int32_t>>;

/// Copying, counting, telling: what answers are like when no file says otherwise.
std::vector<std::string> own_prompts() {
  return {
      "Tell me a short story about a fox and a bird.",
      "Repeat this sentence three times: The little red boat sailed over the blue lake.",
      "Count from one to twenty in words.",
      "Write down the days of the week, then write them down again.",
  };
}

Expected<SpecPrompts> encode_spec_prompts(const Loaded& loaded,
                                          const std::vector<std::string>& texts,
                                          std::int32_t n_most) {
  SpecPrompts prompts;
  ChatForm form;
  if (loaded.has_chat_template) {
    MR_TRY(form, chat_form({}, loaded.path));
  }
  for (const std::string& text : texts) {
    std::vector<std::int32_t> tokens;
    if (loaded.has_chat_template) {
      const boost::json::value messages = {{{"role", "user"}, {"content", text::valid_utf8(text)}}};
      MR_TRY(tokens, chat_prompt(form, loaded.tokenizer, messages, false));
    } else {
      MR_TRY(const auto ids, text::encode(loaded.tokenizer, text, {.add_special = true}));
      tokens.assign(ids.begin(), ids.end());
    }
    if (tokens.size() > static_cast<std::size_t>(n_most)) continue;
    prompts.push_back(std::move(tokens));
  }
  if (prompts.empty()) {
    return fail(Fault::does_not_fit, "prompts: wanted some of at most " + std::to_string(n_most) +
                                         " tokens, found only longer ones");
  }
  return prompts;
}

Expected<spec::Settings> settings_for(const SpecBenchArgs& args, const std::string& method) {
  SpecArgs spec = args.spec;
  spec.methods = method;
  return speculation(spec);
}

/// Those that are asked for, else all that have what they need.
std::vector<std::string> methods_of(const SpecBenchArgs& args) {
  std::vector<std::string> names;
  for (const std::string& piece : args.methods) {
    // Commas stand between methods, and between the numbers of one: "lookup:depth=4,width=2,tree".
    const bool goes_on = piece.find('=') < piece.find_first_of(":+") && !names.empty();
    goes_on ? void(names.back() += "," + piece) : names.push_back(piece);
  }
  if (!names.empty() && names != std::vector<std::string>{"all"}) return names;
  names.clear();
  for (const spec::Method& method : spec::methods()) {
    if (settings_for(args, std::string(method.name))) names.emplace_back(method.name);
  }
  names.emplace_back("auto");
  return names;
}

/// Plain decoding and one method in turns.
Expected<SpecRow> measure_method(const Loaded& loaded, const SpecBenchArgs& args,
                                 engine::Options options, const engine::SpecTest& test,
                                 const std::string& method) {
  MR_TRY(spec::Settings settings, settings_for(args, method));
  settings.sources = loaded.options.spec.sources;
  SpecRow row{.method = method, .n_batch = test.n_batch};
  row.equal = true;
  std::vector<double> ratios;
  for (std::int32_t round = 0; round < args.n_rounds && !interrupted(); ++round) {
    // Who comes second finds the machine otherwise than who came first.
    for (const bool speculates : {round % 2 != 0, round % 2 == 0}) {
      options.spec = speculates ? settings : spec::Settings{};
      MR_TRY((speculates ? row.trial : row.plain),
             engine::try_speculation(loaded.model, options, test));
    }
    row.equal = row.equal && row.trial.texts == row.plain.texts;
    const double plain_rate = static_cast<double>(row.plain.n_tokens) / row.plain.us;
    ratios.push_back(static_cast<double>(row.trial.n_tokens) / row.trial.us / plain_rate);
  }
  if (ratios.empty()) return fail(Fault::cancelled, "interrupted");
  std::ranges::sort(ratios);
  row.speed = ratios[ratios.size() / 2];
  row.speed_least = ratios.front();
  row.speed_most = ratios.back();
  return row;
}

void print_spec_row(const SpecRow& row) {
  std::printf("%-28s %5d %10.2f %10.2f %9.1f %8.2f (%.2f to %.2f) %s\n", row.method.c_str(),
              row.n_batch, accepted_a_step(row), tokens_a_load(row), 100 * draft_share(row),
              row.speed, row.speed_least, row.speed_most, row.equal ? "equal" : "DIFFERENT");
}

/// What the best trees of the same shape in every step would bring, by how often the children of
/// each rank came true; where one method proposed alone.
void add_static_trees(boost::json::object& object, const SpecRow& row) {
  if (row.trial.tally.size() != 1) return;
  const spec::Tally& tally = row.trial.tally.front();
  std::vector<double> acceptance;
  for (std::size_t i = 0; i < tally.tried_of_rank.size() && tally.tried_of_rank[i] > 0; ++i) {
    acceptance.push_back(static_cast<double>(tally.accepted_of_rank[i]) /
                         static_cast<double>(tally.tried_of_rank[i]));
  }
  object["acceptance"] = boost::json::value_from(acceptance);
  boost::json::array trees;
  for (const std::int32_t n_nodes : {4, 8, 16, 32}) {
    const spec::StaticTree tree = spec::best_static_tree(acceptance, n_nodes + 1, spec::kMaxDepth);
    trees.push_back({{"nodes", n_nodes},
                     {"tokens_per_step", tree.tokens},
                     {"depth", spec::depth(tree)},
                     {"width", 1 + std::ranges::max(tree.rank)}});
  }
  object["static_trees"] = std::move(trees);
}

void print_spec_json(const SpecRow& row) {
  boost::json::object object{
      {"method", row.method},
      {"batch", row.n_batch},
      {"tokens_per_step", accepted_a_step(row)},
      {"tokens_per_weight_load", tokens_a_load(row)},
      {"rows_per_step", rows_a_step(row)},
      {"draft_share", draft_share(row)},
      {"verify_share", 1 - draft_share(row)},
      {"tok_s", 1e6 * static_cast<double>(row.trial.n_tokens) / row.trial.us},
      {"speed", row.speed},
      {"speed_least", row.speed_least},
      {"speed_most", row.speed_most},
      {"equal", row.equal}};
  add_static_trees(object, row);
  std::printf("%s\n", boost::json::serialize(object).c_str());
}

Expected<bool> bench_methods(const SpecBenchArgs& args) {
  MR_TRY_VOID(parse(args.sample));
  std::vector<std::int32_t> batches = args.n_batch;
  if (batches.empty()) batches = {1, 4, 16};
  spec::Settings all;  // what some of the methods wants is loaded
  for (const std::string& method : methods_of(args)) {
    MR_TRY(const spec::Settings settings, settings_for(args, method));
    all.sources = settings.sources;
    all.choices.insert(all.choices.end(), settings.choices.begin(), settings.choices.end());
  }
  std::vector<std::string> texts = own_prompts();
  if (!args.prompts.empty()) {
    MR_TRY(texts, read_prompts(args.prompts, static_cast<std::size_t>(args.n_prompts)));
  }
  const std::int32_t n_most = std::ranges::max(batches);
  engine::Options wanted{
      .n_context = 0, .n_parallel = n_most, .n_running = n_most, .kv_type = args.kv_type};
  wanted.spec = all;
  MR_TRY(const Loaded loaded, load(args.load, wanted));
  MR_TRY(const SpecPrompts prompts,
         encode_spec_prompts(loaded, texts, loaded.options.n_context - args.n_new));
  MR_TRY(sample::Params params, sample_params(args.sample, loaded));
  params.n_logprobs = 0;
  if (!args.json) {
    std::printf("%-28s %5s %10s %10s %9s %8s\n", "method", "batch", "tok/step", "tok/load",
                "draft %", "speed");
  }
  std::vector<SpecRow> rows;
  for (const std::int32_t n_batch : batches) {
    for (const std::string& method : methods_of(args)) {
      const engine::SpecTest test{
          .prompts = prompts, .n_new = args.n_new, .n_batch = n_batch, .sample = params};
      MR_TRY(SpecRow row, measure_method(loaded, args, loaded.options, test, method));
      args.json ? print_spec_json(row) : print_spec_row(row);
      std::fflush(stdout);
      rows.push_back(std::move(row));
    }
  }
  if (!args.svg.empty()) {
    MR_TRY_VOID(write_chart(args.svg, rows));
  }
  return std::ranges::all_of(rows, &SpecRow::equal);
}

}  // namespace

int run_spec_bench(const SpecBenchArgs& args) {
  catch_interrupts();
  const Expected<bool> equal = bench_methods(args);
  if (!equal) return report(equal.error());
  return *equal ? kOk : kFailed;
}

}  // namespace mr::app
