#include "kern/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "kern/cases/case.h"
#include "kern/cases/device.h"

// Every operation of every level against ref, over the list of cases.
namespace mr::kern {
namespace {

using Parameter = std::pair<std::string, std::string>;  // level, operation

std::string operation_of(const cases::Case& c) {
  const std::string name = cases::name(c);
  return name.substr(0, name.find('/'));
}

std::vector<Parameter> parameters() {
  std::vector<Parameter> all;
  std::set<std::string> operations;
  for (const cases::Case& c : cases::edge_cases()) operations.insert(operation_of(c));
  for (const std::string& level : cases::level_names()) {
    for (const std::string& operation : operations) all.emplace_back(level, operation);
  }
  return all;
}

class TableTest : public testing::TestWithParam<Parameter> {};

TEST_P(TableTest, AgreesWithRef) {
  const auto& [level_name, operation] = GetParam();
  const LevelInfo level = cases::level_named(level_name);
  if (!level.missing.empty()) GTEST_SKIP() << level.missing;
  cases::OwnDevice here(level.level, 2);
  cases::OwnDevice oracle(Level::ref, 1);
  for (const cases::Case& c : cases::edge_cases()) {
    if (operation_of(c) != operation || !cases::runs_on(c, here.device)) continue;
    SCOPED_TRACE(cases::name(c));
    const cases::Prepared mine = cases::prepare(c, here.device);
    const cases::Prepared theirs = cases::prepare(c, oracle.device);
    cases::run(here.device, mine);
    cases::run(oracle.device, theirs);
    const auto found = cases::results(here.device, mine);
    const auto wanted = cases::results(oracle.device, theirs);
    const auto bound = cases::bound(c, cases::precision_of(level.level));
    ASSERT_EQ(wanted.size(), found.size());
    ASSERT_EQ(wanted.size(), bound.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double difference = std::fabs(double{wanted[i]} - double{found[i]});
      ASSERT_TRUE(difference <= bound[i] + cases::kUnit * std::fabs(double{wanted[i]}))
          << "result " << i << ": wanted " << wanted[i] << " within " << bound[i] << ", found "
          << found[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, TableTest, testing::ValuesIn(parameters()),
                         [](const testing::TestParamInfo<Parameter>& of) {
                           return of.param.first + "_" + of.param.second;
                         });

}  // namespace
}  // namespace mr::kern
