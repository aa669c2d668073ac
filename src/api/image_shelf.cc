#include "api/image_shelf.h"

#include <algorithm>

#include <boost/json.hpp>

#include "api/random_name.h"

namespace eai::api {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::string ImageProgress::json() const {
  boost::json::object o{{"object", "image.progress"},
                        {"id", id},
                        {"status", status},
                        {"image", image},
                        {"n", n},
                        {"step", step},
                        {"total", steps}};
  if (position > 0) o["position"] = position;
  if (status == "loading") o["loaded"] = loaded;
  if (seed >= 0) o["seed"] = seed;
  if (!error.empty()) o["error"] = error;
  if (begin != Clock::time_point{}) {
    double seconds = std::chrono::duration<double>((running() ? Clock::now() : end) - begin).count();
    o["seconds"] = seconds;
    int done = image * steps + step;
    if (status == "drawing" && done > 0) o["seconds_left"] = seconds / done * (n * steps - done);
  }
  return boost::json::serialize(o);
}

std::shared_ptr<ImageProgress> ImageShelf::begin(std::string id) {
  drop_old();
  if (id.empty()) id = "img-" + random_name();
  auto& place = progress_[id];
  if (place && place->running()) return nullptr;
  place = std::make_shared<ImageProgress>();
  place->id = id;
  progress_by_age_.emplace_back(place, now_());
  return place;
}

const ImageProgress* ImageShelf::find(const std::string& id) const {
  auto at = progress_.find(id);
  return at == progress_.end() ? nullptr : at->second.get();
}

std::string ImageShelf::put(std::string bytes, const std::string& format) {
  std::string name = random_name() + "." + format;
  bytes_ += bytes.size();
  files_[name] = File{std::move(bytes), "image/" + format};
  files_by_age_.push_back({name, now_() + k_file_life});
  drop_old();
  return name;
}

const ImageShelf::File* ImageShelf::file(const std::string& name) {
  drop_old();
  auto at = files_.find(name);
  return at == files_.end() ? nullptr : &at->second;
}

void ImageShelf::drop_old() {
  const auto now = now_();
  // The newest file stays even when it is larger than the whole shelf: somebody was just told its address.
  while (files_by_age_.size() > 1 && (bytes_ > k_file_bytes || files_by_age_.front().until < now)) {
    auto at = files_.find(files_by_age_.front().name);
    bytes_ -= at->second.bytes.size();
    files_.erase(at);
    files_by_age_.pop_front();
  }
  if (files_by_age_.size() == 1 && files_by_age_.front().until < now) {
    files_.clear();
    files_by_age_.clear();
    bytes_ = 0;
  }
  while (!progress_by_age_.empty()) {
    auto& [oldest, since] = progress_by_age_.front();
    bool old = std::max(since, oldest->end) + k_progress_life < now || progress_by_age_.size() > k_progress_count;
    if (!old || oldest->running()) break;
    auto at = progress_.find(oldest->id);
    if (at != progress_.end() && at->second == oldest) progress_.erase(at);
    progress_by_age_.pop_front();
  }
}

}  // namespace eai::api
