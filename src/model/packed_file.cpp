#include "model/packed_file.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include "base/quote.h"
#include "io/cursor.h"
#include "kern/simd/parallel.h"
#include "sys/file_state.h"

namespace mr::model {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kMagic = 0x31304B434150524DULL;  // "MRPACK01"

/// The end of a file.
struct Footer {
  std::uint64_t list_offset = 0;
  std::uint64_t list_bytes = 0;
  std::uint64_t list_checksum = 0;
  std::uint64_t magic = kMagic;
};

std::uint64_t checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

tl::unexpected<Error> damaged(const std::string& what) {
  return fail(Fault::bad_model, what);
}

/// The list of a file; its checksum has been seen to be right.
Expected<std::span<const std::byte>> find_list(std::span<const std::byte> file) {
  Footer footer;
  if (file.size() < sizeof footer) return damaged("too short");
  std::memcpy(&footer, file.data() + file.size() - sizeof footer, sizeof footer);
  const std::uint64_t room = file.size() - sizeof footer;
  if (footer.magic != kMagic) return damaged("not a file of packed tensors");
  if (footer.list_offset > room || footer.list_bytes != room - footer.list_offset) {
    return damaged("its list is not where it says");
  }
  const auto list = file.subspan(static_cast<std::size_t>(footer.list_offset),
                                 static_cast<std::size_t>(footer.list_bytes));
  if (checksum(list) != footer.list_checksum) return damaged("wrong checksum of its list");
  return list;
}

Expected<std::string> read_text(io::Cursor& cursor) {
  MR_TRY(const auto n, io::read<std::uint32_t>(cursor, "length"));
  MR_TRY(const auto bytes, io::take(cursor, n, "text"));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Expected<PackedTensor> read_tensor(io::Cursor& cursor, std::uint64_t end) {
  PackedTensor tensor;
  MR_TRY(tensor.name, read_text(cursor));
  MR_TRY(const auto type, io::read<std::uint8_t>(cursor, "type"));
  MR_TRY(tensor.n_out, io::read<std::int64_t>(cursor, "rows"));
  MR_TRY(tensor.n_in, io::read<std::int64_t>(cursor, "columns"));
  MR_TRY(tensor.offset, io::read<std::uint64_t>(cursor, "offset"));
  MR_TRY(tensor.bytes, io::read<std::uint64_t>(cursor, "bytes"));
  MR_TRY(tensor.stored_bytes, io::read<std::uint64_t>(cursor, "stored bytes"));
  MR_TRY(tensor.checksum, io::read<std::uint64_t>(cursor, "checksum"));
  if (type >= kDTypeCount || tensor.offset % kAlignment != 0 || tensor.offset > end ||
      tensor.bytes > end - tensor.offset) {
    return damaged("wrong place of " + quote(tensor.name));
  }
  tensor.type = static_cast<DType>(type);
  return tensor;
}

/// Reads every tensor once. Threads take pieces of them in turn, so that one large tensor is not
/// left to a single thread at the end.
Expected<void> check_tensors(const PackedFile& file, const kern::Device& device) {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> bad{file.tensors.size()};
  kern::parts(device, [&](int, int) {
    for (std::size_t i = next++; i < file.tensors.size(); i = next++) {
      const PackedTensor& tensor = file.tensors[i];
      const std::span bytes(data_of(file, tensor), static_cast<std::size_t>(tensor.bytes));
      if (checksum(bytes) != tensor.checksum) bad = i;
    }
  });
  if (bad == file.tensors.size()) return {};
  return damaged("wrong checksum of " + quote(file.tensors[bad].name));
}

template <typename T>
void put(std::vector<std::byte>& to, const T& value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  to.insert(to.end(), bytes, bytes + sizeof value);
}

void put_text(std::vector<std::byte>& to, const std::string& text) {
  put(to, static_cast<std::uint32_t>(text.size()));
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  to.insert(to.end(), bytes, bytes + text.size());
}

std::vector<std::byte> list_of(const PackedWriter& writer, const std::string& key) {
  std::vector<std::byte> list;
  put_text(list, key);
  put(list, static_cast<std::uint32_t>(writer.tensors.size()));
  for (const PackedTensor& tensor : writer.tensors) {
    put_text(list, tensor.name);
    put(list, static_cast<std::uint8_t>(tensor.type));
    for (const std::int64_t n : {tensor.n_out, tensor.n_in}) put(list, n);
    for (const std::uint64_t n :
         {tensor.offset, tensor.bytes, tensor.stored_bytes, tensor.checksum}) {
      put(list, n);
    }
  }
  return list;
}

/// The path of the model that a file was packed from; nothing where it is no such file.
std::string model_of(const std::string& path) {
  const auto file = sys::map_file(path);
  if (!file) return "";
  const auto list = find_list(sys::bytes(*file));
  if (!list) return "";
  io::Cursor cursor{*list};
  const auto key = read_text(cursor);
  return key ? key->substr(0, key->find('\n')) : "";
}

}  // namespace

Expected<PackedFile> open_packed(const std::string& path, const std::string& key,
                                 const kern::Device& device) {
  PackedFile packed;
  MR_TRY(packed.file, sys::map_file(path));
  MR_TRY(const auto list, find_list(sys::bytes(packed.file)));
  io::Cursor cursor{list};
  MR_TRY(const std::string found, read_text(cursor));
  if (found != key) return damaged("made from another file, or for another level");
  MR_TRY(const auto n, io::read<std::uint32_t>(cursor, "tensors"));
  const auto end = static_cast<std::uint64_t>(list.data() - packed.file.data);
  for (std::uint32_t i = 0; i < n; ++i) {
    MR_TRY(PackedTensor tensor, read_tensor(cursor, end));
    packed.tensors.push_back(std::move(tensor));
  }
  std::ranges::sort(packed.tensors, {}, &PackedTensor::name);
  MR_TRY_VOID(check_tensors(packed, device));
  if (sys::failed(packed.file)) return damaged("it could not be read to its end");
  return packed;
}

const PackedTensor* find(const PackedFile& file, const std::string& name) {
  const auto at = std::ranges::lower_bound(file.tensors, name, {}, &PackedTensor::name);
  return at != file.tensors.end() && at->name == name ? &*at : nullptr;
}

Expected<PackedWriter> create_packed(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  PackedWriter writer;
  MR_TRY(writer.file, sys::create(path));
  return writer;
}

Expected<void> append(PackedWriter& writer, PackedTensor tensor, const std::byte* data) {
  static constexpr std::byte kZeros[kAlignment] = {};
  const std::uint64_t padding = (kAlignment - writer.offset % kAlignment) % kAlignment;
  MR_TRY_VOID(sys::append(writer.file, std::span(kZeros).first(padding)));
  tensor.offset = writer.offset + padding;
  const std::span bytes(data, static_cast<std::size_t>(tensor.bytes));
  tensor.checksum = checksum(bytes);
  MR_TRY_VOID(sys::append(writer.file, bytes));
  writer.offset = tensor.offset + tensor.bytes;
  writer.tensors.push_back(std::move(tensor));
  return {};
}

Expected<void> finish(PackedWriter& writer, const std::string& key) {
  const std::vector<std::byte> list = list_of(writer, key);
  const Footer footer{
      .list_offset = writer.offset, .list_bytes = list.size(), .list_checksum = checksum(list)};
  MR_TRY_VOID(sys::append(writer.file, list));
  MR_TRY_VOID(sys::append(writer.file, std::as_bytes(std::span(&footer, 1))));
  return sys::commit_unsynced(writer.file);  // checksums tell what a power failure has damaged
}

void sweep_packed(const std::string& path) {
  std::error_code error;
  const fs::path own(path);
  for (const auto& entry : fs::directory_iterator(own.parent_path(), error)) {
    if (entry.path().extension() != own.extension() || entry.path() == own) continue;
    const std::string model = model_of(entry.path().string());
    if (!model.empty() && !fs::exists(model, error) && !error) fs::remove(entry.path(), error);
  }
}

}  // namespace mr::model
