#include "app/load_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "app/share.h"

namespace mr::app {
namespace {

/// The value that a share `p` of the sorted values does not exceed.
double quantile(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  const auto n = static_cast<double>(sorted.size());
  return sorted[static_cast<std::size_t>(std::max(0.0, std::ceil(p * n) - 1))];
}

Spread spread_of(std::vector<double>& values) {
  std::ranges::sort(values);
  return {quantile(values, 0.5), quantile(values, 0.9), quantile(values, 0.95),
          quantile(values, 0.99), values.empty() ? 0 : values.back()};
}

bool is_good(const api::LoadResult& r, const Promise& promise) {
  double sum = 0;
  for (const float gap : r.gaps_s) sum += static_cast<double>(gap);
  const double mean = r.gaps_s.empty() ? 0 : sum / static_cast<double>(r.gaps_s.size());
  return r.first_s - r.planned_s <= promise.first_s && mean <= promise.gap_s;
}

std::string line(const char* name, const Spread& s) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "%-22s %9.1f %9.1f %9.1f %9.1f %9.1f\n", name,
                s.p50 * 1e3, s.p90 * 1e3, s.p95 * 1e3, s.p99 * 1e3, s.most * 1e3);
  return text.data();
}

boost::json::object as_json(const Spread& s) {
  return {{"p50", s.p50}, {"p90", s.p90}, {"p95", s.p95}, {"p99", s.p99}, {"max", s.most}};
}

double per_second(double n, double s) {
  return s > 0 ? n / s : 0;
}

constexpr double kPlotWidth = 640;
constexpr double kHeight = 360;
constexpr double kLeft = 60, kRight = 20, kTop = 40, kBottom = 50;

/// The picture's axis of time, in powers of ten.
struct Axis {
  double least = 1e-3;
  double most = 1;
};

double x_of(const Axis& axis, double s) {
  const double share_of = std::log10(std::clamp(s, axis.least, axis.most) / axis.least) /
                          std::log10(axis.most / axis.least);
  return kLeft + share_of * (kPlotWidth - kLeft - kRight);
}

double y_of(double share_of) {
  return kHeight - kBottom - share_of * (kHeight - kTop - kBottom);
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

std::string text_at(double x, double y, const std::string& words, const char* more) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + more + ">" + words +
         "</text>\n";
}

/// A distribution as steps, 200 points at most.
std::string curve(const Axis& axis, const std::vector<double>& sorted, const char* colour) {
  std::string points;
  constexpr int kPoints = 200;
  for (int i = 0; i <= kPoints && !sorted.empty(); ++i) {
    const double p = static_cast<double>(i) / kPoints;
    points += number(x_of(axis, quantile(sorted, p))) + "," + number(y_of(p)) + " ";
  }
  return "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + std::string(colour) +
         "\" points=\"" + points + "\"/>\n";
}

}  // namespace

LoadReport make_report(std::span<const api::LoadResult> results, const Promise& promise,
                       double cpu_s) {
  LoadReport report{.n = results.size()};
  std::vector<double> first, gap, whole, refusal, late;
  double planned_first = 1e300;
  for (const api::LoadResult& r : results) {
    report.seconds = std::max(report.seconds, r.end_s);
    report.planned_s = std::max(report.planned_s, r.planned_s);
    planned_first = std::min(planned_first, r.planned_s);
    late.push_back(r.sent_s - r.planned_s);
    if (!r.error.empty()) {
      const bool refused = r.status == 429 || r.status == 503;
      ++(refused ? report.n_refused : report.n_failed);
      if (refused) refusal.push_back(r.end_s - r.sent_s);
      continue;
    }
    ++report.n_whole;
    if (is_good(r, promise)) ++report.n_good;
    report.n_prompt += r.n_prompt;
    report.n_cached += r.n_cached;
    report.n_new += r.n_new;
    first.push_back(r.first_s - r.planned_s);
    whole.push_back(r.end_s - r.planned_s);
    gap.insert(gap.end(), r.gaps_s.begin(), r.gaps_s.end());
  }
  report.planned_s -= results.empty() ? 0 : planned_first;
  report.first = spread_of(first);
  report.gap = spread_of(gap);
  report.whole = spread_of(whole);
  report.refusal = spread_of(refusal);
  report.late_s = spread_of(late).p99;
  report.cpu_share = per_second(cpu_s, report.seconds);
  return report;
}

std::string as_table(const LoadReport& r) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(),
                "%zu requests in %.1f s: %zu whole, %zu refused, %zu failed\n"
                "goodput    %.2f requests/s as promised, %.1f %% of all\n"
                "tokens     %.1f/s generated, %.1f/s with prompts\n"
                "hit rate   %.1f %% of %lld prompt tokens\n"
                "client     %.1f %% of a processor, 99 %% sent within %.1f ms\n",
                r.n, r.seconds, r.n_whole, r.n_refused, r.n_failed,
                per_second(static_cast<double>(r.n_good), r.seconds),
                100 * share(static_cast<std::int64_t>(r.n_good), static_cast<std::int64_t>(r.n)),
                per_second(static_cast<double>(r.n_new), r.seconds),
                per_second(static_cast<double>(r.n_new + r.n_prompt), r.seconds),
                100 * share(r.n_cached, r.n_prompt), static_cast<long long>(r.n_prompt),
                100 * r.cpu_share, r.late_s * 1e3);
  std::string out = text.data();
  out += "ms                           p50       p90       p95       p99       max\n";
  out += line("to the first token", r.first) + line("between tokens", r.gap) +
         line("to the end", r.whole);
  return r.n_refused > 0 ? out + line("to a refusal", r.refusal) : out;
}

boost::json::object as_json(const LoadReport& r) {
  return {{"requests", r.n},
          {"whole", r.n_whole},
          {"refused", r.n_refused},
          {"failed", r.n_failed},
          {"good", r.n_good},
          {"seconds", r.seconds},
          {"planned_s", r.planned_s},
          {"goodput_per_s", per_second(static_cast<double>(r.n_good), r.seconds)},
          {"output_tokens_per_s", per_second(static_cast<double>(r.n_new), r.seconds)},
          {"prompt_tokens", r.n_prompt},
          {"cached_tokens", r.n_cached},
          {"output_tokens", r.n_new},
          {"hit_rate", share(r.n_cached, r.n_prompt)},
          {"ttft_s", as_json(r.first)},
          {"itl_s", as_json(r.gap)},
          {"e2e_s", as_json(r.whole)},
          {"refusal_s", as_json(r.refusal)},
          {"late_p99_s", r.late_s},
          {"client_cpu_share", r.cpu_share}};
}

std::string as_svg(std::span<const api::LoadResult> results) {
  std::vector<double> first, gap;
  for (const api::LoadResult& r : results) {
    if (!r.error.empty()) continue;
    first.push_back(r.first_s - r.planned_s);
    gap.insert(gap.end(), r.gaps_s.begin(), r.gaps_s.end());
  }
  std::ranges::sort(first);
  std::ranges::sort(gap);
  Axis axis;
  for (const auto* values : {&first, &gap}) {
    if (!values->empty()) axis.most = std::max(axis.most, values->back());
  }
  axis.most = std::pow(10, std::ceil(std::log10(axis.most)));
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 360\" width=\"640\" "
      "height=\"360\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"640\" height=\"360\" fill=\"white\"/>\n";
  for (double s = axis.least; s <= axis.most * 1.01; s *= 10) {
    const std::string x = number(x_of(axis, s));
    out += "<path stroke=\"#ddd\" d=\"M" + x + " " + number(y_of(0)) + "V" + number(y_of(1)) +
           "\"/>\n";
    out += text_at(x_of(axis, s), y_of(0) + 18, number(s) + " s", "text-anchor=\"middle\"");
  }
  for (const double p : {0.0, 0.5, 0.9, 1.0}) {
    out += "<path stroke=\"#ddd\" d=\"M" + number(kLeft) + " " + number(y_of(p)) + "H" +
           number(kPlotWidth - kRight) + "\"/>\n";
    out += text_at(kLeft - 8, y_of(p) + 4, number(100 * p) + " %", "text-anchor=\"end\"");
  }
  constexpr const char* kFirst = "#1f77b4";
  constexpr const char* kGap = "#d62728";
  out += curve(axis, first, kFirst) + curve(axis, gap, kGap);
  out += text_at(kLeft, 24, "to the first token", "fill=\"#1f77b4\"");
  out += text_at(kLeft + 150, 24, "between tokens", "fill=\"#d62728\"");
  return out + "</svg>\n";
}

}  // namespace mr::app
