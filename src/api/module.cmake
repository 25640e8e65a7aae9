# GCC 12 takes Asio's allocation of coroutine frames for a mismatch, and ThreadSanitizer does not
# know its fences, which no data depends on.
target_compile_options(mr_api PRIVATE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete -Wno-tsan>)
# Asio and Beast are headers; OpenSSL is for TLS and for hashes of keys.
target_link_libraries(mr_api PUBLIC Boost::headers Boost::json millrace::xxhash OpenSSL::SSL OpenSSL::Crypto)
