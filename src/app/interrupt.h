#pragma once

/// Ctrl-C asks for an orderly end; a second one ends the program at once.
namespace mr::app {

void catch_interrupts();
bool interrupted();

}  // namespace mr::app
