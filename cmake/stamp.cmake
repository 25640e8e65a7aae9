# Writes the header STAMP with VERSION and the commit of SOURCE; leaves an equal file untouched.
# Without git the commit is read from .git, and in an archive from the line that git put there.
set(commit unknown)
file(READ ${SOURCE}/cmake/commit.txt archived)
string(STRIP "${archived}" archived)
find_program(GIT git)
if(archived MATCHES "^[0-9a-f]+$")
  string(SUBSTRING ${archived} 0 12 commit)
elseif(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} -c safe.directory=* -C ${SOURCE} describe --always --dirty
                          --exclude=* --abbrev=12
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
elseif(EXISTS ${SOURCE}/.git/HEAD)
  file(READ ${SOURCE}/.git/HEAD head)
  string(STRIP "${head}" found)
  if(head MATCHES "^ref: ([^\n]+)" AND EXISTS ${SOURCE}/.git/${CMAKE_MATCH_1})
    file(READ ${SOURCE}/.git/${CMAKE_MATCH_1} found)
  elseif(head MATCHES "^ref: ([^\n]+)" AND EXISTS ${SOURCE}/.git/packed-refs)
    set(ref ${CMAKE_MATCH_1})
    file(STRINGS ${SOURCE}/.git/packed-refs lines REGEX " ${ref}$")
    string(REGEX MATCH "^[0-9a-f]+" found "${lines}")
  endif()
  string(SUBSTRING "${found}" 0 12 found)
endif()
if(found)
  set(commit ${found})
endif()

file(CONFIGURE OUTPUT ${STAMP} CONTENT [[
#pragma once
#include <string_view>

namespace mr::app {
inline constexpr std::string_view kVersion = "@VERSION@";
inline constexpr std::string_view kCommit = "@commit@";
}  // namespace mr::app
]] @ONLY)
