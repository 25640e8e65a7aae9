#include "app/doctor.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/columns.h"
#include "app/default_model.h"
#include "app/exit.h"
#include "app/shown_model.h"
#include "base/size_text.h"
#include "base/utf8.h"
#include "sys/cgroup.h"
#include "sys/memory.h"
#include "sys/team.h"

namespace mr::app {
namespace {

namespace bj = boost::json;

std::string figure(double value, const char* format = "%.1f") {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string rate_text(const sys::Rate& rate, const char* unit) {
  if (rate.per_s <= 0) return "none";
  return figure(rate.per_s / 1e9) + " " + unit + " (" + rate.by + ")";
}

std::string row(const std::string& name, const std::string& text) {
  return "  " + padded(name, 22) + text + "\n";
}

std::string or_unknown(const std::string& text) {
  return text.empty() ? "unknown" : bare(text);
}

/// Tokens a second that one answer cannot exceed: each reads all weights once.
double decode_bound(const Machine& machine) {
  if (machine.model_bytes == 0) return 0;
  return machine.limits.read.per_s / static_cast<double>(machine.model_bytes);
}

bj::object rate_json(const sys::Rate& rate) {
  return {{"per_s", rate.per_s}, {"by", rate.by}};
}

}  // namespace

Expected<Machine> examine() {
  Machine machine;
  machine.host = sys::read_host();
  machine.features = sys::cpu_features();
  machine.levels = kern::levels();
  const char* wanted = std::getenv("MILLRACE_ISA");
  machine.wanted_level = wanted != nullptr ? wanted : "";
  MR_TRY(const kern::Level level, kern::pick_level(machine.wanted_level));
  for (const kern::LevelInfo& info : machine.levels) {
    if (info.level == level) machine.level = info.name;
  }
  machine.n_usable = sys::usable_processors();
  machine.cpu_limit = sys::cgroup_limit("/proc/self/cgroup", "/sys/fs/cgroup").value_or(0);
  machine.available = sys::available_memory();
  machine.model = default_model().value_or("");
  if (!machine.model.empty()) {
    const auto shown = read_shown(machine.model);
    if (shown) machine.model_bytes = shown->file_bytes;
  }
  const auto& limits = sys::machine_limits();
  if (!limits) return tl::unexpected<Error>(limits.error());
  machine.limits = *limits;
  return machine;
}

std::vector<std::string> advice(const Machine& m) {
  std::vector<std::string> all;
  std::string best;
  for (const kern::LevelInfo& info : m.levels) {
    if (info.missing.empty() && info.level != kern::Level::cuda) best = info.name;
  }
  if (m.level != best && m.level != "cuda") {
    all.push_back("MILLRACE_ISA asks for level " + m.level + ", slower than " + best +
                  ", which this machine runs: unset it");
  }
  if (m.level == "ref") {
    all.push_back(
        "only plain C++ runs on this processor, many times slower than vector code: take "
        "one with AVX2");
  }
  const bool has_level = std::ranges::any_of(
      m.levels, [](const kern::LevelInfo& info) { return info.name == std::string("avx512"); });
  if (m.features.avx512f && !has_level) {
    all.emplace_back("the processor has AVX-512, which this version of the program leaves unused");
  }
  if (m.host.n_processors > m.n_usable) {
    all.push_back(std::to_string(m.n_usable) + " of " + std::to_string(m.host.n_processors) +
                  " processors may be used (affinity or the cgroup's limit): raise the limit, as "
                  "with docker run --cpus");
  }
  if (m.host.n_cores > 0 && m.n_usable > m.host.n_cores) {
    all.push_back("there are " + std::to_string(m.host.n_cores) + " cores for " +
                  std::to_string(m.n_usable) +
                  " threads: reading memory gains nothing from two threads a core; try -t " +
                  std::to_string(m.host.n_cores));
  }
  if (m.host.n_nodes > 1) {
    all.push_back("memory lies at " + std::to_string(m.host.n_nodes) +
                  " nodes and threads are not bound to theirs: try numactl --interleave=all");
  }
  if (m.host.transparent_huge_pages == "never") {
    all.push_back(
        "huge pages are off, which costs misses of the TLB: echo madvise > "
        "/sys/kernel/mm/transparent_hugepage/enabled");
  }
  if (m.host.governor == "powersave") {
    all.push_back("the clock's governor is powersave: cpupower frequency-set -g performance");
  }
  if (m.host.load > 0.5 * m.host.n_processors) {
    all.push_back("other programs keep " + figure(m.host.load) +
                  " processors busy: the measured limits and all speeds are lower than they "
                  "could be");
  }
  if (m.available > 0 && m.model_bytes > m.available) {
    all.push_back(
        "the default model is larger than the memory that is left: take a smaller one or "
        "a coarser quantization");
  }
  return all;
}

std::string doctor_text(const Machine& m) {
  std::string out = "processor\n";
  out += row("name", or_unknown(m.host.cpu));
  out += row("processors", std::to_string(m.host.n_processors) + ", of them usable " +
                               std::to_string(m.n_usable) + ", cores " +
                               (m.host.n_cores > 0 ? std::to_string(m.host.n_cores) : "unknown"));
  out += row("limit of the cgroup",
             m.cpu_limit > 0 ? figure(m.cpu_limit, "%.2f") + " processors" : "none");
  for (const kern::LevelInfo& info : m.levels) {
    const bool used = info.name == m.level;
    out += row(std::string("level ") + info.name, used ? "in use"
                                                  : info.missing.empty()
                                                      ? "runs here"
                                                      : "not here: " + info.missing);
  }
  out += "\nmemory\n";
  out += row("available", size_text(m.available) + " of " + size_text(m.host.memory_bytes));
  out += row("nodes", std::to_string(m.host.n_nodes));
  out += row("huge pages", or_unknown(m.host.transparent_huge_pages) + ", reserved " +
                               std::to_string(m.host.n_reserved_huge_pages));
  out += "\nmeasured limits of " + std::to_string(m.limits.n_threads) + " threads\n";
  out += row("reading memory", rate_text(m.limits.read, "GB/s"));
  out += row("fp32", rate_text(m.limits.fp32, "GFLOP/s"));
  out += row("bf16", rate_text(m.limits.bf16, "GFLOP/s"));
  out += row("int8", rate_text(m.limits.int8, "GOP/s"));
  if (!m.model.empty()) {
    out += "\ndefault model\n";
    out += row("file", bare(m.model) + ", " + size_text(m.model_bytes));
    out += row("at most", figure(decode_bound(m)) +
                              " tokens/s for one answer, if its weights are read from memory");
  }
  const auto all = advice(m);
  out += all.empty() ? "\nnothing here would be slow\n" : "\nwhat would be slow\n";
  for (const std::string& one : all) out += "  - " + one + "\n";
  return out;
}

std::string doctor_json(const Machine& m) {
  bj::array levels;
  for (const kern::LevelInfo& info : m.levels) {
    levels.push_back(bj::object{{"name", info.name},
                                {"compiled", info.compiled},
                                {"missing", info.missing},
                                {"used", info.name == m.level}});
  }
  const auto all = advice(m);
  const bj::object root{
      {"cpu", to_utf8(m.host.cpu)},
      {"processors", m.host.n_processors},
      {"usable_processors", m.n_usable},
      {"cores", m.host.n_cores},
      {"cgroup_processors", m.cpu_limit},
      {"levels", std::move(levels)},
      {"memory_bytes", m.host.memory_bytes},
      {"available_bytes", m.available},
      {"numa_nodes", m.host.n_nodes},
      {"transparent_huge_pages", m.host.transparent_huge_pages},
      {"reserved_huge_pages", m.host.n_reserved_huge_pages},
      {"load", m.host.load},
      {"threads", m.limits.n_threads},
      {"read_bytes", rate_json(m.limits.read)},
      {"fp32", rate_json(m.limits.fp32)},
      {"bf16", rate_json(m.limits.bf16)},
      {"int8", rate_json(m.limits.int8)},
      {"model", to_utf8(m.model)},
      {"model_bytes", m.model_bytes},
      {"model_tok_s_at_most", decode_bound(m)},
      {"advice", bj::array(all.begin(), all.end())},
  };
  return bj::serialize(root) + "\n";
}

int run_doctor(bool json) {
  const auto machine = examine();
  if (!machine) return report(machine.error());
  const std::string out = json ? doctor_json(*machine) : doctor_text(*machine);
  if (std::fputs(out.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return kOk;
  return report({Fault::failed, "cannot write to standard output"});
}

}  // namespace mr::app
