# What the modules link to, the static archive of each: the release program is one file.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(Threads REQUIRED)

# millrace_library(NAME ARCHIVE HEADER): the imported target NAME.
function(millrace_library name archive header)
  find_library(${name}_ARCHIVE ${archive} REQUIRED)
  find_path(${name}_INCLUDE ${header} REQUIRED)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${name}_ARCHIVE}
    INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE})
endfunction()
millrace_library(millrace::pcre2 libpcre2-8.a pcre2.h)
millrace_library(millrace::utf8proc libutf8proc.a utf8proc.h)
millrace_library(millrace::xxhash libxxhash.a xxhash.h)
millrace_library(millrace::edit libedit.a histedit.h)
foreach(name tinfo bsd md) # what libedit.a needs
  find_library(${name}_ARCHIVE lib${name}.a REQUIRED)
  target_link_libraries(millrace::edit INTERFACE ${${name}_ARCHIVE})
endforeach()
target_compile_definitions(millrace::pcre2 INTERFACE PCRE2_STATIC PCRE2_CODE_UNIT_WIDTH=8)
target_compile_definitions(millrace::utf8proc INTERFACE UTF8PROC_STATIC)

# The run group of tools/packages.txt builds the program alone; ./mill test installs these too.
if(MILLRACE_TESTS)
  enable_testing()
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(STATUS "no GoogleTest: no tests")
  endif()
endif()
if(MILLRACE_BENCH)
  find_package(benchmark QUIET)
  if(NOT benchmark_FOUND)
    message(STATUS "no Google Benchmark: no benchmarks")
  endif()
endif()
