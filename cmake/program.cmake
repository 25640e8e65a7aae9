# The program: src/app/main.cpp over every module. It may include app/version.h.
add_executable(millrace src/app/main.cpp)
add_dependencies(millrace millrace_version)
target_include_directories(millrace PRIVATE ${PROJECT_BINARY_DIR}/generated)
target_link_libraries(millrace mr_app)
