target_link_libraries(mr_kv PUBLIC millrace::xxhash)
