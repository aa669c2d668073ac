// Why: clients of OpenAI's Responses go on from an earlier answer by its id, or name its items instead of sending them.
// Thread: any.
// What holds: responses are kept in memory alone, bounded in number, bytes and time; the oldest goes first. Each belongs
// to whoever asked for it, and nobody else finds it. An id made here has 128 random bits.
// Source: OpenAI API reference, "Responses": `previous_response_id`, `item_reference`, "Get", "Delete", "List input
// items".
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "util/bytes.h"

namespace eai::api {

struct ShelfItem {
  std::string id;
  std::string text;  // JSON, with the id
};
using ShelfItems = std::vector<std::shared_ptr<const ShelfItem>>;

struct KeptResponse {
  std::string id;
  std::string text;  // JSON
  ShelfItems input;  // with all that came before it in its conversation
  ShelfItems output;
};

class ResponsesShelf {
 public:
  static constexpr std::chrono::minutes k_life{60};
  static constexpr std::size_t k_count = 1000;
  static constexpr std::size_t k_bytes = 64 * k_mib;
  static constexpr std::size_t k_largest = 16 * k_mib;  // a larger response is not kept
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  explicit ResponsesShelf(Now now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

  // `owner` is what tells those apart who may not see each other's responses: their key.
  void put(std::string_view owner, KeptResponse response);
  // Null if there is none, or no longer.
  std::shared_ptr<const KeptResponse> find(std::string_view owner, std::string_view id);
  // An item of any response that is kept; of those with the same id, the latest.
  std::shared_ptr<const ShelfItem> item(std::string_view owner, std::string_view id);
  bool erase(std::string_view owner, std::string_view id);

 private:
  using Name = std::pair<std::string, std::string>;  // owner and id
  struct Kept {
    std::shared_ptr<const KeptResponse> response;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point until;
    std::uint64_t number = 0;
  };
  struct KeptItem {
    std::shared_ptr<const ShelfItem> item;
    std::uint64_t number = 0;  // of the latest response that has it
  };
  void drop(std::map<Name, Kept>::iterator at);
  void drop_old();

  Now now_;
  std::mutex mutex_;  // for everything below
  std::map<Name, Kept> responses_;
  std::map<Name, KeptItem> items_;
  std::deque<std::pair<std::uint64_t, Name>> by_age_;  // some may have been erased
  std::size_t bytes_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace eai::api
