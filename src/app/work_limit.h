#pragma once
#include "kern/counter.h"
#include "sys/limits.h"

namespace mr::app {

/// The time that the products of some work take at the limits of the processor.
double seconds_at_limit(const kern::Work& work, const sys::Limits& limits);

}  // namespace mr::app
