#pragma once
#include <string_view>

namespace mr::api {

/// Tells the service manager that started the program, where one did, how it stands: "READY=1",
/// "STOPPING=1". Source: systemd's sd_notify(3), "Notes".
void notify_manager(std::string_view state);

}  // namespace mr::api
