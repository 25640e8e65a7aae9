#include "api/guard.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

namespace mr::api {
namespace {

HttpRequest with(std::string name, std::string value) {
  HttpRequest request;
  request.headers = {{std::move(name), std::move(value)}};
  return request;
}

TEST(Guard, HostsThatNameALoopbackServer) {
  Guard guard;
  for (const char* host :
       {"localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]:80", "127.9.9.9"}) {
    EXPECT_TRUE(host_allowed(guard, host)) << host;
  }
  for (const char* host : {"evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1",
                           "[::2]", "[::1.evil.com]", "127.0.0.1@evil.com"}) {
    EXPECT_FALSE(host_allowed(guard, host)) << host;
  }
  guard.loopback = false;
  EXPECT_TRUE(host_allowed(guard, "millrace.example"));
}

TEST(Guard, Origins) {
  Guard guard;
  guard.origins = {"https://chat.example"};
  EXPECT_TRUE(origin_allowed(guard, "https://chat.example"));
  EXPECT_TRUE(origin_allowed(guard, "http://localhost:3000"));
  EXPECT_FALSE(origin_allowed(guard, "https://chat.example.evil.com"));
  EXPECT_FALSE(origin_allowed(guard, "http://localhost.evil.com"));
  EXPECT_FALSE(origin_allowed(guard, "null"));
  EXPECT_TRUE(cors_headers(guard, with("origin", "https://evil.com")).empty());
  EXPECT_FALSE(cors_headers(guard, with("origin", "https://chat.example")).empty());
}

TEST(Guard, KeysInTheirThreeHeaders) {
  const std::string path = testing::TempDir() + "keys.txt";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("# people\n  first \n\nsecond\r\n", file);
  std::fclose(file);
  Guard guard;
  guard.key_file = path;
  guard.fixed_keys = {"third"};
  ASSERT_TRUE(load_keys(guard));
  const auto keys = keys_of(guard);
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  EXPECT_TRUE(opens(guard, *keys, with("authorization", "Bearer first"), first));
  EXPECT_TRUE(opens(guard, *keys, with("authorization", "bearer second"), second));
  EXPECT_NE(first, second);
  EXPECT_TRUE(opens(guard, *keys, with("x-api-key", "third"), first));
  EXPECT_TRUE(opens(guard, *keys, with("api-key", "first"), first));
  for (const char* wrong :
       {"Bearer firs", "Bearer firstx", "Basic first", "first", "Bearer ", "", "Bearer # people"}) {
    EXPECT_FALSE(opens(guard, *keys, with("authorization", wrong), first)) << wrong;
  }
  file = std::fopen(path.c_str(), "w");
  std::fputs("fourth\n", file);
  std::fclose(file);
  ASSERT_TRUE(load_keys(guard));
  EXPECT_FALSE(opens(guard, *keys_of(guard), with("x-api-key", "first"), first));
  EXPECT_TRUE(opens(guard, *keys_of(guard), with("x-api-key", "fourth"), first));
  std::filesystem::remove(path);
  EXPECT_FALSE(load_keys(guard));
}

}  // namespace
}  // namespace mr::api
