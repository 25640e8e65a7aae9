#include "app/spec_chart.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "app/share.h"
#include "sys/out_file.h"

namespace mr::app {
namespace {

constexpr int kBarHeight = 18;
constexpr int kBarsBegin = 260;
constexpr double kPlainWidth = 160;  ///< pixels for the speed of plain decoding

/// A method's name as XML has it.
std::string escaped_name(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

template <typename... Args>
std::string formatted(const char* form, Args... args) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), form, args...);
  return text.data();
}

}  // namespace

double accepted_a_step(const SpecRow& row) {
  return share(row.trial.n_tokens, row.trial.n_seq_steps);
}

double tokens_a_load(const SpecRow& row) {
  return share(row.trial.n_tokens, row.trial.n_steps);
}

double rows_a_step(const SpecRow& row) {
  return share(row.trial.n_rows, row.trial.n_steps);
}

double draft_share(const SpecRow& row) {
  return row.trial.us > 0 ? row.trial.draft_us / row.trial.us : 0;
}

Expected<void> write_chart(const std::string& path, const std::vector<SpecRow>& rows) {
  double most = 1;
  for (const SpecRow& row : rows) most = std::max(most, row.speed_most);
  const int height = 30 + kBarHeight * static_cast<int>(rows.size());
  std::string svg = formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<text x=\"%d\" y=\"14\">speed over plain decoding</text>\n",
      kBarsBegin + kPlainWidth * most + 60, height, kBarsBegin);
  int y = 24;
  for (const SpecRow& row : rows) {
    const std::string name = escaped_name(row.method) + formatted(", batch %d", row.n_batch);
    svg += formatted("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", kBarsBegin - 6,
                     y + 12, name.c_str());
    svg += formatted("<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                     kBarsBegin, y + 2, kPlainWidth * row.speed, kBarHeight - 4,
                     row.speed >= 1 ? "#2b7a78" : "#c0713a");
    svg += formatted("<text x=\"%.1f\" y=\"%d\">%.2f</text>\n",
                     kBarsBegin + kPlainWidth * row.speed + 4, y + 13, row.speed);
    y += kBarHeight;
  }
  svg += formatted("<path d=\"M%.1f 20V%d\" stroke=\"#888\"/>\n</svg>\n", kBarsBegin + kPlainWidth,
                   height);
  MR_TRY(sys::OutFile file, sys::create(path));
  MR_TRY_VOID(sys::append(file, std::as_bytes(std::span(svg))));
  return sys::commit(file);
}

}  // namespace mr::app
