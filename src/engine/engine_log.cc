#include "engine/engine_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "util/log.h"
#include "util/text.h"

namespace eai::engine {

namespace {
constexpr std::size_t k_lines_kept = 40;
constexpr std::size_t k_lines_told = 4;
constexpr std::size_t k_line_limit = 400;  // bytes

bool tells_of_an_error(std::string_view line) {
  for (const std::string_view word :
       {" E ", "error", "Error", "failed", "Failed", "unable", "cannot", "assert", "abort", "terminate"})
    if (line.find(word) != std::string_view::npos) return true;
  return false;
}
}  // namespace

EngineLog::EngineLog(fs::path path, std::uint64_t limit) : path_(std::move(path)), limit_(limit) {
  if (auto opened = open(); !opened) give_up(opened.error());
}

Result<void> EngineLog::open() {
  if (!folder_) {
    EAI_TRY(folder_, OwnFolder::open(path_.parent_path(), Privacy::secret));
  }
  EAI_TRY(file_, folder_->open_file(path_.filename().string(), O_WRONLY | O_CREAT | O_APPEND));
  const auto end = ::lseek(file_.get(), 0, SEEK_END);
  size_ = end > 0 ? static_cast<std::uint64_t>(end) : 0;
  return {};
}

void EngineLog::give_up(const Error& why) {
  log::warn("the log of an engine is not kept: {}", why.message);
  given_up_ = true;
}

void EngineLog::write(std::string_view bytes) {
  keep(bytes);
  if (given_up_) return;
  if (size_ + bytes.size() > limit_ && size_ > 0) {
    file_.reset();
    const std::string name = path_.filename().string();
    if (!folder_->put_aside(name)) (void)folder_->remove(name);
    if (auto opened = open(); !opened) return give_up(opened.error());
  }
  if (auto written = write_all(file_.get(), view_of(bytes)); !written) {
    log::warn("the log {} is given up: {}", path_.string(), written.error().message);
    given_up_ = true;
    return;
  }
  size_ += bytes.size();
}

void EngineLog::keep(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n') {
      if (unfinished_.size() < k_line_limit) unfinished_ += c;
      continue;
    }
    if (!unfinished_.empty()) lines_.push_back(std::exchange(unfinished_, {}));
    if (lines_.size() > k_lines_kept) lines_.pop_front();
  }
}

std::string EngineLog::last_words() const {
  std::vector<std::string_view> all(lines_.begin(), lines_.end());
  if (!unfinished_.empty()) all.push_back(unfinished_);
  std::vector<std::string_view> told;
  std::ranges::copy_if(all, std::back_inserter(told), tells_of_an_error);
  if (told.empty()) told = all;
  if (told.size() > k_lines_told) told.erase(told.begin(), told.end() - k_lines_told);
  std::string text;
  for (const std::string_view line : told) text += (text.empty() ? "" : "\n") + printable(line, k_line_limit);
  return text;
}

}  // namespace eai::engine
