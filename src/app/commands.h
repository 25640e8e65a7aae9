#pragma once
#include <CLI/App.hpp>

/// The subcommands: each adds its flags to the program and, where it is named, sets the exit code.
namespace mr::app {

void add_chat(CLI::App& app, int& exit_code);
void add_batch(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_loadtest(CLI::App& app, int& exit_code);
void add_list(CLI::App& app, int& exit_code);
void add_perplexity(CLI::App& app, int& exit_code);
void add_plan(CLI::App& app, int& exit_code);
void add_rest_index(CLI::App& app, int& exit_code);
void add_run(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_show(CLI::App& app, int& exit_code);
void add_spec_bench(CLI::App& app, int& exit_code);
void add_tokenize(CLI::App& app, int& exit_code);
void add_template(CLI::App& app, int& exit_code);

}  // namespace mr::app
