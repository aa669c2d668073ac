// Why: what a client may ask for after its request: the progress of its pictures, and pictures by address.
// Thread: that of the io_context.
// What holds: both are kept in memory, bounded in number, bytes and time; the oldest goes first. A picture's name has
// 128 random bits, so whoever knows it may fetch the picture.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace eai::api {

struct ImageProgress {
  std::string id;
  std::string status = "queued";  // loading, drawing, done, failed, cancelled
  std::string error;              // why it failed
  int position = 0;               // in the queue; 1 is next
  double loaded = 0;              // 0…1, of the model
  int image = 0, n = 1, step = 0, steps = 0;
  std::int64_t seed = -1;  // -1: not known yet
  std::chrono::steady_clock::time_point begin{},
      end{};  // of drawing; the end of a request that failed or was left, too
  bool running() const { return status == "queued" || status == "loading" || status == "drawing"; }
  std::string json() const;
};

class ImageShelf {
 public:
  static constexpr std::chrono::minutes k_progress_life{10};
  static constexpr std::chrono::minutes k_file_life{60};
  static constexpr std::size_t k_progress_count = 1000;
  static constexpr std::size_t k_file_bytes = 128 << 20;
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  explicit ImageShelf(Now now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  // Makes up an id if `id` is empty. Null if a running request has the id.
  std::shared_ptr<ImageProgress> begin(std::string id);
  const ImageProgress* find(const std::string& id) const;

  // The name, with the format's ending, under which the picture can be had for an hour, or until k_file_bytes of newer
  // ones have come.
  std::string put(std::string bytes, const std::string& format);
  struct File {
    std::string bytes, type;
  };
  const File* file(const std::string& name);

 private:
  void drop_old();
  struct Kept {
    std::string name;
    std::chrono::steady_clock::time_point until;
  };
  Now now_;
  std::map<std::string, std::shared_ptr<ImageProgress>> progress_;
  std::map<std::string, File> files_;
  std::deque<Kept> files_by_age_;
  std::deque<std::pair<std::shared_ptr<ImageProgress>, std::chrono::steady_clock::time_point>> progress_by_age_;
  std::size_t bytes_ = 0;
};

}  // namespace eai::api
