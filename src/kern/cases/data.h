#pragma once
#include <vector>

#include "kern/cases/case.h"

/// Inputs of cases: numbers on the host, their copies on a device, and what they mean.
namespace mr::kern::cases {

/// Numbers in (-1, 1).
std::vector<float> random_floats(std::uint64_t seed, std::int64_t n);

/// A matrix of any type that `decode` knows, as in a file: blocks of random bytes whose values are
/// finite and of ordinary size (below 4).
std::vector<std::byte> random_matrix(DType type, std::int64_t n_out, std::int64_t n_in,
                                     std::uint64_t seed = 1);

/// The same as fp32.
std::vector<float> decoded(DType type, const std::vector<std::byte>& matrix);

/// Memory that lives as long as the case.
void* reserve(Prepared& to, const Device& device, std::size_t bytes);
float* reserve_floats(Prepared& to, const Device& device, std::int64_t n);
std::byte* reserve_acts(Prepared& to, const Device& device, std::int64_t n_rows, std::int64_t dim);

/// A copy of host memory on the device.
template <typename T>
T* put(Prepared& to, const Device& device, const std::vector<T>& host) {
  void* memory = reserve(to, device, host.size() * sizeof(T));
  device.ops->upload(device, memory, host.data(), host.size() * sizeof(T));
  return static_cast<T*>(memory);
}

/// A packed weight on the device.
Weight put_weight(Prepared& to, const Device& device, DType type,
                  const std::vector<std::byte>& matrix, std::int64_t n_out, std::int64_t n_in);

/// Activations on the device: RMS norm with gains of 1, the one general way to make them.
std::byte* put_acts(Prepared& to, const Device& device, const std::vector<float>& x,
                    std::int64_t n_rows);

/// What `put_acts` means, on the host.
std::vector<float> normed(const std::vector<float>& x, std::int64_t n_rows);

/// `n` floats back on the host.
std::vector<float> get(const Device& device, const void* from, std::int64_t n);

/// Activations as floats: multiplied with the identity, the one general way to see them.
std::vector<float> get_acts(const Device& device, const std::byte* acts, std::int64_t n_rows,
                            std::int64_t dim);

/// y = acts * weight^T on the host, in double.
std::vector<double> product(const std::vector<float>& acts, const std::vector<float>& weight,
                            std::int64_t n_in);

/// Bounds of that for activations of `put_acts`: sums of at least eight chains, each product and
/// the activations themselves rounded.
std::vector<double> product_bound(const std::vector<float>& acts, const std::vector<float>& weight,
                                  std::int64_t n_in);

/// The same where weights of block types meet activations of 8 bits with one scale for 32 of them,
/// and types of the level's cold kind are themselves brought to 8 bits.
std::vector<double> product_bound(const std::vector<float>& acts, const std::vector<float>& weight,
                                  std::int64_t n_in, DType type, Precision precision);

/// Half the step of the 8-bit grid that each value is rounded to: the largest of its group / 254.
std::vector<float> half_steps(const std::vector<float>& values, std::int64_t n_in);

/// Whether levels with packed weights bring the type to 8 bits before they multiply.
bool is_cold(DType type);

/// The type that traits() gives this name; there must be one.
DType type_named(const std::string& name);

/// How far attention of two levels over equal caches may be apart, in every result: the error of
/// the scores moves weight between values that differ by less than 2.
double attention_bound(const Attention& shape);

}  // namespace mr::kern::cases
