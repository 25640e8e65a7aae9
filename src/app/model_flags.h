#pragma once
#include <CLI/App.hpp>

#include "app/loaded.h"
#include "tensor/dtype.h"

/// Flags that every command which runs a model has.
namespace mr::app {

inline constexpr const char* kEngineGroup = "Engine";

/// Which model, and on how many threads.
void add_load_flags(CLI::App& command, LoadArgs& args);

void add_threads(CLI::App& command, LoadArgs& args);

/// How K and V are kept.
void add_kv_type(CLI::App& command, DType& kv_type);

/// Rows of a step.
void add_step_rows(CLI::App& command, std::int32_t& n_step_rows);

/// Flags of llama.cpp and vLLM that ask for what is always so: taken, so that scripts go on.
void add_given_flags(CLI::App& command);

}  // namespace mr::app
