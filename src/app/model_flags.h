#pragma once
#include <CLI/App.hpp>
#include <string>

#include "app/loaded.h"
#include "tensor/dtype.h"

/// Flags that every command which runs a model has.
namespace mr::app {

/// Which model, and on how many threads.
void add_load_flags(CLI::App& command, LoadArgs& args);

void add_threads(CLI::App& command, LoadArgs& args);

/// How K and V are kept.
void add_kv_type(CLI::App& command, DType& kv_type);

/// Who proposes tokens.
void add_speculation(CLI::App& command, std::string& speculation);

}  // namespace mr::app
