// Why: this is the server's log. What a command tells its user is not logging: only `cli` prints that.
// Thread: any.
// What holds: prompts, answers, pictures, keys and tokens are never logged; foreign text goes through printable()
// first.
#pragma once

#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

namespace eai::log {

enum class Level { debug, info, warn, error, off };

void set_level(Level level);  // off at the start, because a command says what it has to say in its output
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
