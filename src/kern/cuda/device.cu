#include "kern/cuda/device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "kern/compose.h"
#include "kern/cuda/launch.cuh"
#include "kern/cuda/ops.h"

namespace mr::kern::cuda {
namespace {

constexpr int kDevice = 0;

// Ends the process if anything has failed on the device.
void stop_if_failed(const Device& device) {
  const auto ok = check(device);
  if (ok) return;
  std::fprintf(stderr, "%s\n", ok.error().message.c_str());
  std::fflush(stderr);
  std::_Exit(1);  // destructors would use the device
}

constexpr Table kTable = {
    .name = "cuda",
    .allocate = allocate,
    .release = release,
    .upload = upload,
    .download = download,
    .synchronize = synchronize,
    .packed_bytes = packed_bytes,
    .act_bytes = act_bytes,
    .kv_page_bytes = kv_page_bytes,
    .pack = pack,
    .embed = embed,
    .rms_norm = rms_norm,
    .to_acts = to_acts,
    .gemm = gemm,
    .rope_angles = rope_angles,
    .rope = rope,
    .store_kv = store_kv,
    .qkv_rope_store = compose::qkv_rope_store,
    .attention = attention,
    .act_mul = act_mul,
    .gate_up_act = compose::gate_up_act,
    .route = route,
    .expert_gemm = expert_gemm,
    .combine = combine,
    .moe = compose::moe,
    .project_heads = project_heads,
    .copy_columns = copy_columns,
    .latent_qkv_store = compose::latent_qkv_store,
    .add = add,
    .gather = gather,
    .scale_cap = scale_cap,
    .head = compose::head,
    .argmax = argmax,
    .move_slots = move_slots,
    .copy_pages = copy_pages,
    .zero_pages = zero_pages,
};

}  // namespace

bool available(std::string* why) {
  int n_devices = 0;
  cudaError_t error = cudaGetDeviceCount(&n_devices);
  int major = 0;
  int minor = 0;
  if (error == cudaSuccess && n_devices > 0) {
    error = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, kDevice);
  }
  if (error == cudaSuccess && n_devices > 0) {
    error = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, kDevice);
  }
  if (error != cudaSuccess || n_devices == 0) {
    cudaGetLastError();  // clears it
    *why = std::string("no CUDA device: ") + cudaGetErrorString(error);
    return false;
  }
  if (major != 9 || minor != 0) {
    *why = "wanted a CUDA device of compute capability 9.0, found " + std::to_string(major) + "." +
           std::to_string(minor);
    return false;
  }
  return true;
}

const Table* table() {
  return &kTable;
}

Expected<Device> make_device() {
  std::string why;
  if (!available(&why)) return fail(Fault::failed, why);
  auto made = std::make_unique<Stream>();
  const cudaError_t error = cudaStreamCreateWithFlags(&made->handle, cudaStreamNonBlocking);
  if (error != cudaSuccess) {
    return fail(Fault::failed, std::string("CUDA stream: ") + cudaGetErrorString(error));
  }
  return Device{.ops = &kTable, .stream = made.release()};
}

std::size_t free_memory() {
  std::size_t free = 0;
  std::size_t total = 0;
  if (cudaMemGetInfo(&free, &total) == cudaSuccess) return free;
  cudaGetLastError();
  return 0;
}

void release_device(Device& device) {
  const std::unique_ptr<Stream> owned(&stream(device));
  cudaStreamSynchronize(owned->handle);
  cudaStreamDestroy(owned->handle);
  device.stream = nullptr;
}

Expected<void> check(const Device& device) {
  const Stream& on = stream(device);
  note(device, "synchronize", cudaStreamSynchronize(on.handle));
  if (on.error == cudaSuccess) return {};
  return fail(Fault::failed,
              std::string("CUDA: ") + on.where + ": " + cudaGetErrorString(on.error));
}

void* allocate(const Device& device, std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
  if (error == cudaSuccess) return memory;
  cudaGetLastError();  // clears it: the next launch must not take it for its own
  if (error != cudaErrorMemoryAllocation) note(device, "allocate", error);
  return nullptr;
}

// What still runs may use the memory.
void release(const Device& device, void* memory, std::size_t) {
  note(device, "release", cudaStreamSynchronize(stream(device).handle));
  note(device, "release", cudaFree(memory));
}

// The host's memory may change as soon as this returns, whether the driver has read it by then or
// not: hence the wait.
void upload(const Device& device, void* to, const void* host, std::size_t bytes) {
  const cudaStream_t on = stream(device).handle;
  note(device, "upload", cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, on));
  note(device, "upload", cudaStreamSynchronize(on));
}

void download(const Device& device, void* host, const void* from, std::size_t bytes) {
  const cudaStream_t on = stream(device).handle;
  note(device, "download", cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, on));
  stop_if_failed(device);
}

void synchronize(const Device& device) {
  stop_if_failed(device);
}

std::size_t act_bytes(std::int64_t n_rows, std::int64_t dim) {
  return static_cast<std::size_t>(n_rows * dim) * sizeof(float);
}

}  // namespace mr::kern::cuda
