add_executable(llama2c_to_gguf EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tools/llama2c_to_gguf.cpp)
target_link_libraries(llama2c_to_gguf mr_tune)
