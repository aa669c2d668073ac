// Why: the server's diary. Command line output is not logging: only `cli` prints to the user.
// Thread: any.
// What holds: no prompt, answer, picture, key or token is ever logged; foreign text goes through printable() first.
#pragma once

#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

namespace eai::log {

enum class Level { debug, info, warn, error, off };

void set_level(Level level);  // start: off, since what a command has to say its output says
void write(Level level, std::string_view line);
bool enabled(Level level);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace eai::log
