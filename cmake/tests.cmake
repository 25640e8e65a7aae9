# Tests that cross modules, registered once, with the dev preset: C++ tests in tests/<folder>/, the
# Python tests of the release program in tests/e2e/, and what lint can say without clang.
file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/*_test.cpp)
if(GTest_FOUND)
  foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH dir)
    cmake_path(GET dir FILENAME folder)
    if(NOT TARGET ${folder}_test)
      add_executable(${folder}_test)
      millrace_test(${folder}_test ${folder} "${earlier}")
    endif()
    target_sources(${folder}_test PRIVATE ${file})
  endforeach()
endif()

# What writes the models that tests/golden compares with the peer.
add_executable(peer_models EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tools/golden/peer_models.cpp)
target_link_libraries(peer_models mr_kern mr_io)

find_program(MILLRACE_SYSTEM_PYTHON python3 REQUIRED)
set(python ${MILLRACE_SYSTEM_PYTHON})
if(EXISTS ${PROJECT_SOURCE_DIR}/tests/requirements.txt)
  set(python ${PROJECT_SOURCE_DIR}/.venv/bin/python) # made by ./mill test
endif()
file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/e2e/*_test.py)
foreach(file IN LISTS files)
  cmake_path(GET file STEM name)
  add_test(NAME e2e.${name} COMMAND ${python} -B ${file})
  set_tests_properties(e2e.${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "MILLRACE_BIN=${PROJECT_SOURCE_DIR}/build/release/millrace;\
XDG_CACHE_HOME=${CMAKE_BINARY_DIR}/cache")
endforeach()

set(lint ${PROJECT_SOURCE_DIR}/tools/lint)
add_test(NAME lint.selftest COMMAND ${MILLRACE_SYSTEM_PYTHON} -B ${lint}/lint_test.py)
foreach(check layers sizes names symbols links)
  add_test(NAME lint.${check} COMMAND ${MILLRACE_SYSTEM_PYTHON} -B ${lint}/lint.py ${check})
endforeach()

if(TARGET sim_test)
  add_test(NAME sim.radix_hits_reach_the_bound
    COMMAND ${MILLRACE_SYSTEM_PYTHON} -B ${PROJECT_SOURCE_DIR}/tools/prefix_hits.py
      $<TARGET_FILE:sim_test>)
  set_tests_properties(sim.radix_hits_reach_the_bound PROPERTIES SKIP_RETURN_CODE 77)
endif()

# Grammars against the data of others; the second is the long run.
if(TARGET text_test)
  foreach(suffix "" _full)
    add_test(NAME text.grammars_of_others${suffix}
      COMMAND ${python} -B ${PROJECT_SOURCE_DIR}/tools/structured_check.py
        $<TARGET_FILE:text_test> ${suffix})
    set_tests_properties(text.grammars_of_others${suffix} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()
