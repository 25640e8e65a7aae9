#pragma once
#include <span>
#include <string>
#include <vector>

namespace mr::app {

/// A model that lies on this machine.
struct ListedModel {
  std::string name;   ///< as -m takes it
  std::string path;   ///< its file, or the index of its files
  std::string error;  ///< why it cannot be read; the rest is then empty
  std::string format;
  std::uint64_t n_bytes = 0;
  std::uint64_t n_weights = 0;
  std::string type;  ///< of most of its bytes
  std::string architecture;
  std::int64_t n_context = 0;  ///< positions it was trained for; 0: it does not say
};

/// The models in these folders and those below them (at most four deep), and in the Hugging Face
/// cache `hub` unless that is empty, by name. Nothing but headers is read.
std::vector<ListedModel> list_models(std::span<const std::string> folders, const std::string& hub);

struct ListArgs {
  std::vector<std::string> folders;  ///< none: models/ and the Hugging Face cache
  bool names = false;
  bool json = false;
};

/// `millrace ls`. Returns the exit code.
int run_list(const ListArgs& args);

}  // namespace mr::app
