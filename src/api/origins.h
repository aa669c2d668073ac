// Why: a translated request is checked as the chat that it has become, and its client knows nothing of a chat: what is
// wrong is called by its name in the client's own request.
// Thread: any, one at a time; plain values.
// What holds: a path consists of names and indices, "messages[2].content[0].image_url". What was never noted keeps its
// name, because most fields are called the same in all APIs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::api {

// Whether what is inside a part is still called as it is in the chat.
enum class Inside { same, other };

class Origins {
 public:
  // `chat`, a part of the chat request, has been made of the client's `client`.
  void note(std::string chat, std::string client, Inside inside = Inside::same);
  // The client's name of what the chat request calls `path`; that of the smallest part around it that was noted.
  std::string of(std::string_view path) const;
  // The same error about the client's field.
  Error told(Error error) const;

 private:
  struct Origin {
    std::string client;
    Inside inside;
  };
  std::map<std::string, Origin, std::less<>> by_chat_;
};

}  // namespace eai::api
