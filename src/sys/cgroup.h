#pragma once
#include <optional>
#include <string>

/// The limit on processor time that a container or a service manager sets.
namespace mr::sys {

/// How many processors' worth of time the process may spend: the smallest quota on the way from its
/// control group to the root, versions 2 and 1; nothing where there is none.
/// `membership` is the file /proc/self/cgroup, `mount` the folder /sys/fs/cgroup.
std::optional<double> cgroup_limit(const std::string& membership, const std::string& mount);

}  // namespace mr::sys
