#include "io/gguf.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "base/shared_data.h"
#include "io/cursor.h"
#include "io/gguf_write.h"

namespace mr::gguf {
namespace {

using Bytes = std::vector<std::byte>;

/// A folder of its own that goes away with the test.
struct Folder {
  std::string path;
  explicit Folder(const char* name)
      : path(testing::TempDir() + "gguf_" + std::to_string(getpid()) + "_" + name) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

const std::vector<float>& some_floats() {
  static const std::vector<float> floats(256, 1.5F);
  return floats;
}

DraftTensor float_tensor(const std::string& name, std::uint64_t columns, std::uint64_t n_rows) {
  DraftTensor tensor{.name = name, .view = {}};
  tensor.view.n_dims = 2;
  tensor.view.dim[0] = columns;
  tensor.view.dim[1] = n_rows;
  tensor.view.bytes = 4 * columns * n_rows;
  tensor.view.data = reinterpret_cast<const std::byte*>(some_floats().data());
  return tensor;
}

Bytes in_memory(const Draft& draft) {
  Bytes bytes = header(draft).value();
  for (const DraftTensor& tensor : draft.tensors) {
    bytes.insert(bytes.end(), tensor.view.data, tensor.view.data + tensor.view.bytes);
    bytes.resize((bytes.size() + draft.alignment - 1) / draft.alignment * draft.alignment);
  }
  return bytes;
}

Draft small_draft() {
  Draft draft;
  put<std::string_view>(draft, "general.architecture", "llama");
  put<std::uint32_t>(draft, "llama.block_count", 2);
  draft.tensors = {float_tensor("a.weight", 4, 3), float_tensor("b.weight", 8, 1)};
  return draft;
}

std::string error_of(const Bytes& bytes) {
  const auto file = parse(bytes);
  return file ? "" : file.error().message;
}

// The bytes with `value` at `offset`.
template <typename T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

TEST(Gguf, KeepsEveryTypeOfMetadata) {
  Draft draft;
  put<std::uint8_t>(draft, "u8", 255);
  put<std::int8_t>(draft, "i8", -128);
  put<std::uint16_t>(draft, "u16", 65535);
  put<std::int16_t>(draft, "i16", -32768);
  put<std::uint32_t>(draft, "u32", 4294967295U);
  put<std::int32_t>(draft, "i32", std::numeric_limits<std::int32_t>::min());
  put<std::uint64_t>(draft, "u64", std::numeric_limits<std::uint64_t>::max());
  put<std::int64_t>(draft, "i64", std::numeric_limits<std::int64_t>::min());
  put<float>(draft, "f32", 0.1F);
  put<double>(draft, "f64", 0.1);
  put<bool>(draft, "yes", true);
  put<std::string_view>(draft, "text", std::string_view("a\0b\n", 4));
  const std::vector<std::string_view> texts{"one", "", "three"};
  put_array<std::string_view>(draft, "texts", texts);
  const std::vector<float> floats{1, -2};
  put_array<float>(draft, "floats", floats);
  const Bytes first = in_memory(draft);
  const auto parsed = parse(first);
  ASSERT_TRUE(parsed) << parsed.error().message;
  Draft again;  // a copy of all values writes the same file
  for (const KeyValue& entry : parsed->metadata) put_value(again, entry.key, entry.value);
  const Bytes second = in_memory(again);
  EXPECT_EQ(first, second);
  const auto file = parse(second);
  ASSERT_TRUE(file);
  EXPECT_EQ(get<std::uint32_t>(*file, "u8").value(), 255U);
  EXPECT_EQ(get<std::int32_t>(*file, "i8").value(), -128);
  EXPECT_EQ(get<std::int32_t>(*file, "i16").value(), -32768);
  EXPECT_EQ(get<std::uint32_t>(*file, "u32").value(), 4294967295U);
  EXPECT_EQ(get<std::uint64_t>(*file, "u64").value(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(get<std::int64_t>(*file, "i64").value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(get<float>(*file, "f32").value(), 0.1F);
  EXPECT_EQ(get<double>(*file, "f64").value(), 0.1);
  EXPECT_TRUE(get<bool>(*file, "yes").value());
  EXPECT_EQ(get<std::string>(*file, "text").value(), std::string("a\0b\n", 4));
  EXPECT_EQ(get_array<std::string_view>(*file, "texts").value(), texts);
  EXPECT_EQ(get_array<float>(*file, "floats").value(), floats);
}

TEST(Gguf, GettersNameKeyWantedAndFound) {
  Draft draft;
  put<std::int32_t>(draft, "negative", -1);
  put<std::string_view>(draft, "text", "x");
  const std::vector<std::uint32_t> three{1, 2, 3};
  put_array<std::uint32_t>(draft, "three", three);
  const Bytes bytes = in_memory(draft);
  const auto file = parse(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(get<std::uint32_t>(*file, "negative").error().message,
            "metadata 'negative': wanted an integer from 0 to 4294967295, found i32 -1");
  EXPECT_EQ(get<float>(*file, "text").error().message,
            "metadata 'text': wanted a float, found string");
  EXPECT_EQ(get<bool>(*file, "absent").error().message,
            "metadata 'absent': wanted a bool, found no such key");
  EXPECT_EQ(get_array<std::string>(*file, "three").error().message,
            "metadata 'three': item 0: wanted a string, found u32 1");
  EXPECT_EQ(get_array<float>(*file, "text").error().message,
            "metadata 'text': wanted an array, found string");
  EXPECT_FALSE(get_array<std::uint32_t>(*file, "three", 2));
  EXPECT_EQ(get_each<std::uint32_t>(*file, "three", 3).value(), three);
  EXPECT_FALSE(get_each<std::uint32_t>(*file, "three", 4));
  EXPECT_EQ(get_each<std::int32_t>(*file, "negative", 2).value(), (std::vector{-1, -1}));
  EXPECT_EQ(get_or<float>(*file, "absent", 2.0F).value(), 2.0F);
  EXPECT_FALSE(get_or<float>(*file, "text", 2.0F));
  EXPECT_FALSE(get_optional<float>(*file, "absent").value().has_value());
}

// An array of arrays of u8, `depth` levels deep, in the bytes of a Value.
Bytes nested_array(int depth) {
  Bytes bytes;
  const auto append = [&](auto value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  };
  for (int i = 1; i < depth; ++i) {
    append(ValueType::array);
    append(std::uint64_t{1});
  }
  append(ValueType::u8);
  append(std::uint64_t{2});
  append(std::uint16_t{0x0201});
  return bytes;
}

TEST(Gguf, ReadsNestedArraysUpToALimit) {
  for (int depth = 1; depth <= kMaxArrayDepth + 2; ++depth) {
    const Bytes raw = nested_array(depth);
    Draft draft;
    // The head of the outermost array is written by put_value, the rest stands in `raw`.
    const ValueType item = depth > 1 ? ValueType::array : ValueType::u8;
    put_value(draft, "nested",
              {ValueType::array, Array{item, depth > 1 ? 1U : 2U, std::span(raw).subspan(12)}});
    const Bytes bytes = in_memory(draft);
    const auto file = parse(bytes);
    EXPECT_EQ(file.has_value(), depth <= kMaxArrayDepth) << depth;
    if (!file) {
      EXPECT_EQ(file.error().message, "metadata 'nested': arrays nested deeper than 4 levels");
      continue;
    }
    if (depth == 1) continue;
    const auto inner = items(std::get<Array>(find(*file, "nested")->data), 5);
    ASSERT_TRUE(inner);
    ASSERT_EQ(inner->size(), 1U);
    EXPECT_EQ(std::get<Array>(inner->front().data).n, depth == 2 ? 2U : 1U);
  }
}

TEST(Gguf, GivesTensorsWithTheirData) {
  for (const std::uint32_t alignment : {8U, 32U, 4096U}) {
    Draft draft = small_draft();
    draft.alignment = alignment;
    const Bytes bytes = in_memory(draft);
    const auto file = parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->alignment, alignment);
    const Tensor* tensor = find_tensor(*file, "a.weight");
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(columns(tensor->view), 4U);
    EXPECT_EQ(rows(tensor->view), 3U);
    EXPECT_EQ(tensor->view.bytes, 48U);
    EXPECT_EQ(std::memcmp(tensor->view.data, some_floats().data(), 48), 0);
    EXPECT_EQ(static_cast<std::size_t>(tensor->view.data - bytes.data()) % alignment, 0U);
    EXPECT_EQ(find_tensor(*file, "c.weight"), nullptr);
  }
}

TEST(Gguf, VersionsTwoAndThreeOnly) {
  const Bytes bytes = in_memory(small_draft());
  EXPECT_EQ(error_of(with(bytes, 4, std::uint32_t{2})), "");
  for (const std::uint32_t version : {0U, 1U, 4U, 0xFFFFFFFFU}) {
    EXPECT_EQ(error_of(with(bytes, 4, version)),
              "version: wanted 2 or 3, found " + std::to_string(version));
  }
  EXPECT_EQ(error_of(with(bytes, 4, std::uint32_t{3U << 24})),
            "version: the file is big-endian, wanted little-endian");
}

TEST(Gguf, LimitsOfCountsAndSizes) {
  const Bytes bytes = in_memory(small_draft());
  const auto fails_for = [&](std::size_t offset, std::uint64_t value, const char* field) {
    const std::string message = error_of(with(bytes, offset, value));
    EXPECT_EQ(message.rfind(field, 0), 0U) << value << ": " << message;
  };
  for (const std::uint64_t value :
       {std::uint64_t{65537}, std::uint64_t{1} << 31, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    fails_for(8, value, "tensor count: wanted at most 65536");
    fails_for(16, value, "metadata count: wanted at most 65536");
    fails_for(24, value, "metadata 0 key: wanted ");
  }
  fails_for(8, kMaxTensors, "tensor 2 name: ");
  fails_for(16, kMaxKeys, "metadata 3 key: ");
  fails_for(24, 0, "metadata 0 key: is empty");
}

TEST(Gguf, AlignmentIsAPowerOfTwoWithinLimits) {
  for (const std::uint32_t alignment : {0U, 1U, 3U, 4U, 33U, 8192U, 1U << 31, 0xFFFFFFFFU}) {
    Draft draft;
    put(draft, "general.alignment", alignment);
    EXPECT_EQ(error_of(in_memory(draft)),
              "metadata 'general.alignment': wanted a power of two from 8 to 4096, found " +
                  std::to_string(alignment));
  }
  Draft draft;
  put<std::string_view>(draft, "general.alignment", "32");
  EXPECT_NE(error_of(in_memory(draft)).find("found string"), std::string::npos);
}

TEST(Gguf, TensorsOfEverySizeAreCheckedAgainstTheFile) {
  Draft draft;
  draft.tensors = {float_tensor("t", 4, 3)};
  const Bytes bytes = in_memory(draft);
  const std::size_t at = 24 + 8 + 1;  // behind the name: n_dims, two dims, type, offset
  const auto message = [&](std::size_t offset, auto value) {
    return error_of(with(bytes, at + offset, value));
  };
  EXPECT_EQ(message(0, 0U), "tensor 't': dimension count: wanted 1 to 4, found 0");
  EXPECT_EQ(message(0, 5U), "tensor 't': dimension count: wanted 1 to 4, found 5");
  for (const std::uint64_t dim : {0ULL, 1ULL << 45, 1ULL << 63, ~0ULL}) {
    EXPECT_NE(message(4, dim).find("dimension 0: wanted 1 to 2^44 elements"), std::string::npos);
    EXPECT_NE(message(12, dim).find("dimension 1: wanted 1 to 2^44 elements"), std::string::npos);
  }
  EXPECT_NE(message(12, 1ULL << 40).find("found only 64 bytes of tensor data"), std::string::npos);
  EXPECT_EQ(message(20, 19U), "tensor 't': type: 19 (IQ1_S) is not supported");
  EXPECT_EQ(message(20, 31U), "tensor 't': type: 31 (Q4_0_4_4) is not supported");
  EXPECT_EQ(message(20, 999U), "tensor 't': type: 999 is not supported");
  EXPECT_EQ(message(20, 12U),
            "tensor 't': dimension 0: wanted a multiple of 256 for Q4_K, found 4");
  EXPECT_EQ(message(24, 8ULL), "tensor 't': offset: wanted a multiple of 32, found 8");
  for (const std::uint64_t offset : {32ULL, 1ULL << 40, ~0ULL - 31}) {
    EXPECT_EQ(message(24, offset), "tensor 't': wanted 48 bytes at offset " +
                                       std::to_string(offset) +
                                       ", found only 64 bytes of tensor data in the file");
  }
}

TEST(Gguf, RefusesOverlapsAndRepetitions) {
  const Bytes bytes = in_memory(small_draft());
  const std::size_t end = header(small_draft()).value().size();
  std::size_t offset_at = 0;  // of the second tensor: the last 64 there
  for (std::size_t i = 0; i + 8 <= end; ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + i, 8);
    if (value == 64) offset_at = i;
  }
  ASSERT_NE(offset_at, 0U);
  EXPECT_EQ(error_of(with(bytes, offset_at, std::uint64_t{32})),
            "tensor 'b.weight': offset: overlaps the tensor before it, found 32");
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  text[text.find("b.weight")] = 'a';
  Bytes twice(bytes.size());
  std::memcpy(twice.data(), text.data(), text.size());
  EXPECT_EQ(error_of(twice), "tensor 'a.weight': the name is there twice");
  Draft draft;
  put<bool>(draft, "key", true);
  put<float>(draft, "key", 1.0F);
  EXPECT_EQ(error_of(in_memory(draft)), "metadata 'key': the key is there twice");
}

TEST(Gguf, NamesOfTensorsHaveALimit) {
  for (const std::size_t n : {63U, 64U, 65U}) {
    Draft draft;
    draft.tensors = {float_tensor(std::string(63, 'n'), 4, 1)};
    Bytes bytes = in_memory(draft);
    const Bytes more(n - 63, std::byte{'n'});
    bytes.insert(bytes.begin() + 32, more.begin(), more.end());
    bytes.resize(bytes.size() + 32);
    EXPECT_EQ(error_of(with(bytes, 24, std::uint64_t{n})).empty(), n <= kMaxNameBytes) << n;
  }
}

TEST(Gguf, TruncatedAnywhereIsAnError) {
  Bytes bytes = in_memory(small_draft());
  for (std::size_t n = 0; n < bytes.size() - 32; ++n) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<long>(n));
    const auto file = parse(cut);
    ASSERT_FALSE(file) << n;
    ASSERT_EQ(file.error().fault, Fault::bad_model);
    ASSERT_EQ(file.error().message.find('\n'), std::string::npos);
  }
}

TEST(Gguf, ForeignFilesAreNamed) {
  const std::pair<std::string, std::string> kCases[] = {
      {"\x89PNG\r\n\x1a\n....", "a PNG image"},
      {std::string("PK\x03\x04....", 8), "a zip archive (perhaps a PyTorch checkpoint"},
      {"\x80\x02}q\x01(X....", "a Python pickle"},
      {"once upon a time\n", "a text file"},
      {std::string("\x10\0\0\0\0\0\0\0{\"a\":{}}", 16), "a safetensors file"},
      {std::string(64, '\0'), "a file that begins with '\\x00\\x00\\x00\\x00'"},
  };
  for (const auto& [text, what] : kCases) {
    const auto raw = std::as_bytes(std::span(text));
    const auto file = parse(raw);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().message.rfind("wanted a GGUF file, found " + what, 0), 0U)
        << file.error().message;
  }
}

// Writes `count` shards with two tensors each and returns the path of the first.
std::string write_shards(const Folder& folder, std::uint16_t count) {
  std::string first;
  for (std::uint16_t i = 0; i < count; ++i) {
    Draft draft;
    if (i == 0) put<std::string_view>(draft, "general.architecture", "llama");
    put<std::uint16_t>(draft, "split.no", i);
    put<std::uint16_t>(draft, "split.count", count);
    put<std::int32_t>(draft, "split.tensors.count", 2 * count);
    const std::string name = "t" + std::to_string(i);
    draft.tensors = {float_tensor(name + "a", 4, 3), float_tensor(name + "b", 4, 1)};
    char suffix[64];
    std::snprintf(suffix, sizeof suffix, "/m-%05d-of-%05d.gguf", i + 1, count);
    EXPECT_TRUE(write(draft, folder.path + suffix));
    if (i == 0) first = folder.path + suffix;
  }
  return first;
}

TEST(Gguf, OpensShards) {
  const Folder folder("shards");
  const std::string first = write_shards(folder, 3);
  const auto file = open(first);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors.size(), 6U);
  EXPECT_EQ(file->shards.size(), 3U);
  const Tensor* last = find_tensor(*file, "t2b");
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->shard, 2U);
  EXPECT_EQ(std::memcmp(last->view.data, some_floats().data(), 16), 0);
  const auto second = open(folder.path + "/m-00002-of-00003.gguf");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("wanted the first shard"), std::string::npos);
}

TEST(Gguf, RefusesMissingAndMixedShards) {
  const Folder folder("mixed");
  const std::string first = write_shards(folder, 3);
  const std::string third = folder.path + "/m-00003-of-00003.gguf";
  std::filesystem::rename(third, third + ".away");
  auto file = open(first);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("m-00003-of-00003.gguf': No such file"), std::string::npos)
      << file.error().message;
  std::filesystem::copy(folder.path + "/m-00002-of-00003.gguf", third);
  file = open(first);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("'split.no': wanted 2, found 1"), std::string::npos);
  std::filesystem::rename(first, folder.path + "/other.gguf");
  file = open(folder.path + "/other.gguf");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("'split.count' is 3"), std::string::npos);
}

TEST(Gguf, ATruncationWhileOpenIsReportedNotFatal) {
  const Folder folder("truncated");
  Draft draft;
  std::vector<float> weights(1U << 20, 1.0F);
  draft.tensors = {float_tensor("t", 1024, 1024)};
  draft.tensors[0].view.data = std::as_bytes(std::span(weights)).data();
  const std::string path = folder.path + "/t.gguf";
  ASSERT_TRUE(write(draft, path));
  const auto file = open(path);
  ASSERT_TRUE(file);
  ASSERT_EQ(truncate(path.c_str(), 1 << 20), 0);
  const auto* values = reinterpret_cast<const float*>(file->tensors[0].view.data);
  float sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += values[i];
  EXPECT_GT(sum, 0);
  EXPECT_LT(sum, static_cast<float>(weights.size()));
  EXPECT_TRUE(failed(*file));
}

TEST(Gguf, WriterRefusesWhatOthersCannotRead) {
  Draft draft;
  draft.tensors = {float_tensor("t", 4, 1), float_tensor("t", 4, 1)};
  EXPECT_FALSE(header(draft));
  draft.tensors = {float_tensor(std::string(64, 'n'), 4, 1)};
  EXPECT_FALSE(header(draft));
  draft.tensors = {float_tensor("t", 4, 1)};
  draft.tensors[0].view.type = DType::f8_e4m3;
  EXPECT_EQ(header(draft).error().message, "cannot write tensor 't': GGUF has no type F8_E4M3");
}

TEST(Gguf, OpensVocabulariesOfOtherPrograms) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  int n_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/tokenizers/gguf_vocab")) {
    if (entry.path().extension() != ".gguf") continue;
    const auto file = open(entry.path().string());
    ASSERT_TRUE(file) << file.error().message;
    const auto tokens = get_array<std::string_view>(*file, "tokenizer.ggml.tokens");
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_GT(tokens->size(), 30000U);
    const auto types = get_array<std::int32_t>(*file, "tokenizer.ggml.token_type");
    ASSERT_TRUE(types) << types.error().message;
    EXPECT_EQ(types->size(), tokens->size());
    EXPECT_TRUE(get<std::string>(*file, "general.architecture"));
    ++n_files;
  }
  EXPECT_GT(n_files, 3);
}

TEST(Gguf, FixturesOfAnotherWriter) {
  const std::string data = shared_data();
  if (data.empty()) GTEST_SKIP() << "no shared data here (MILLRACE_DATA)";
  const auto empty = open(data + "/weights/fixtures/empty.gguf");
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(get<std::string>(*empty, "general.architecture").value(), "llama");
  const auto tiny = open(data + "/weights/fixtures/tiny.gguf");  // it lacks its tensor's data
  ASSERT_FALSE(tiny);
  EXPECT_NE(tiny.error().message.find("tensor 'test.weight.0': wanted 32768 bytes"),
            std::string::npos)
      << tiny.error().message;
}

}  // namespace
}  // namespace mr::gguf
