# Language level, warnings and hardening shared by every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(MILLRACE_CCACHE ccache)
if(MILLRACE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${MILLRACE_CCACHE})
endif()

if(MILLRACE_CUDA)
  include(cmake/cuda.cmake)
endif()

include(CheckPIESupported)
check_pie_supported()

add_library(millrace_flags INTERFACE)
target_compile_options(millrace_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra
  -Wconversion -Wsign-conversion -Wshadow -Werror -fno-math-errno -ffp-contract=off
  -fstack-protector-strong -fstack-clash-protection -fcf-protection>)
target_link_options(millrace_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(MILLRACE_CUDA)
  target_compile_options(millrace_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:
    -Werror=all-warnings -Xcompiler=-Wall,-Wextra>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # GCC 12's std::stable_sort uses a function that it deprecates itself.
  target_compile_options(millrace_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-deprecated-declarations>)
endif()
if(MILLRACE_SANITIZE)
  target_compile_options(millrace_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${MILLRACE_SANITIZE} -fno-omit-frame-pointer>
    # What is left out, AddressSanitizer or the crash itself tells; it costs a third of the build.
    $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=all -fno-sanitize=null,vptr,object-size>)
  target_link_options(millrace_flags INTERFACE -fsanitize=${MILLRACE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's sanitizers give false positives for these two.
    target_compile_options(millrace_flags INTERFACE
      $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-stringop-overflow>)
  endif()
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_definitions(millrace_flags INTERFACE _FORTIFY_SOURCE=3 _GLIBCXX_ASSERTIONS)
endif()
if(MILLRACE_STATIC)
  target_link_options(millrace_flags INTERFACE -static-libstdc++ -static-libgcc)
endif()
