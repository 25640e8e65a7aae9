#pragma once
#include <CLI/App.hpp>
#include <memory>
#include <string>

namespace mr::app {

/// What all commands share: where flags come from besides the command line, help, and how mistakes
/// are told.
struct Program {
  CLI::App app{"Millrace runs large language models on CPUs and GPUs.", "millrace"};
  std::string config;  ///< the file that --config names
};

/// The program without commands. It stays where it is: the commands that are added refer to it.
std::unique_ptr<Program> make_program(const std::string& version);

/// Parses the arguments and runs the command they name, which sets `exit_code`. Prints the help or
/// the version where these are asked for, and one line on stderr where the arguments are wrong.
/// Returns the exit code.
int run_program(Program& program, int argc, char** argv, const int& exit_code);

}  // namespace mr::app
