#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

/// Which node's processors and memory the program uses, on machines that have several.
namespace mr::sys {

enum class Placing : std::uint8_t {
  as_it_is,    ///< as the kernel does it, or what started the program (numactl)
  distribute,  ///< pages of memory on all nodes in turn
  isolate,     ///< the processors of the node that it started on alone
};

/// The numbers of a list as the kernel writes them: "0-3,8". What is no such list gives none.
std::vector<int> numbers_of_list(const std::string& text);

/// The nodes that are online. `root` stands for `/`, so that tests can show it other machines.
std::vector<int> memory_nodes(const std::string& root = "");

/// Places the program; threads that start later are where the caller's is. Nothing to do on one
/// node. Errors: failed, with what the kernel said.
Expected<void> place(Placing placing);

}  // namespace mr::sys
