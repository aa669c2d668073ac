#include "api/responses_shelf.h"

namespace eai::api {
namespace {

constexpr std::size_t k_item_overhead = 256;  // bytes that the maps take for an item

// An upper bound: what responses of one conversation share counts once for each.
std::size_t size_of(std::string_view owner, const KeptResponse& response) {
  std::size_t out = k_item_overhead + response.text.size() + response.id.size() + owner.size();
  for (const ShelfItems* items : {&response.input, &response.output}) {
    for (const auto& item : *items) out += k_item_overhead + item->text.size() + 2 * item->id.size() + owner.size();
  }
  return out;
}

}  // namespace

void ResponsesShelf::put(std::string_view owner, KeptResponse response) {
  const std::size_t bytes = size_of(owner, response);
  if (bytes > k_largest) return;
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++last_number_;
  const Name name{std::string(owner), response.id};
  const auto kept = std::make_shared<const KeptResponse>(std::move(response));
  if (const auto at = responses_.find(name); at != responses_.end()) drop(at);
  for (const ShelfItems* items : {&kept->input, &kept->output}) {
    for (const auto& item : *items) items_[{name.first, item->id}] = {item, number};
  }
  by_age_.emplace_back(number, name);
  responses_[name] = {kept, bytes, now_() + k_life, number};
  bytes_ += bytes;
  drop_old();
}

std::shared_ptr<const KeptResponse> ResponsesShelf::find(std::string_view owner, std::string_view id) {
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto at = responses_.find({std::string(owner), std::string(id)});
  return at == responses_.end() ? nullptr : at->second.response;
}

std::shared_ptr<const ShelfItem> ResponsesShelf::item(std::string_view owner, std::string_view id) {
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto at = items_.find({std::string(owner), std::string(id)});
  return at == items_.end() ? nullptr : at->second.item;
}

bool ResponsesShelf::erase(std::string_view owner, std::string_view id) {
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto at = responses_.find({std::string(owner), std::string(id)});
  if (at == responses_.end()) return false;
  drop(at);
  return true;
}

void ResponsesShelf::drop(std::map<Name, Kept>::iterator at) {
  const Kept& kept = at->second;
  for (const ShelfItems* items : {&kept.response->input, &kept.response->output}) {
    for (const auto& item : *items) {
      const auto found = items_.find({at->first.first, item->id});
      if (found != items_.end() && found->second.number == kept.number) items_.erase(found);
    }
  }
  bytes_ -= kept.bytes;
  responses_.erase(at);
}

void ResponsesShelf::drop_old() {
  const auto now = now_();
  while (!by_age_.empty()) {
    const auto& [number, name] = by_age_.front();
    const auto at = responses_.find(name);
    if (at != responses_.end() && at->second.number == number) {
      const bool old = at->second.until < now || responses_.size() > k_count || bytes_ > k_bytes;
      if (!old) return;
      drop(at);
    }
    by_age_.pop_front();
  }
}

}  // namespace eai::api
