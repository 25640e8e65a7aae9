# Tests that cross modules: every tests/NAME/*_test.cpp goes into the executable NAME_test, over
# every module; other .cpp files of the folder are its support code.
function(millrace_cross_tests)
  file(GLOB dirs CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/*)
  foreach(dir IN LISTS dirs)
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp)
    if(NOT sources)
      continue()
    endif()
    get_filename_component(name ${dir} NAME)
    add_executable(${name}_test ${sources})
    target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
    list(GET earlier -1 last)
    target_link_libraries(${name}_test mr_${last} GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      MILLRACE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
      PROPERTIES TIMEOUT 900)
  endforeach()
endfunction()
if(MILLRACE_TESTS)
  include(GoogleTest)
  millrace_cross_tests()
endif()
