// Anthropic's Messages as a translation.
#include "api/messages_answer.h"
#include "api/messages_request.h"
#include "api/translation.h"

namespace eai::api {
namespace {

class MessagesTranslation final : public Translation {
 public:
  Result<void> to_chat(boost::json::object& body, Ignored& ignored) override {
    EAI_TRY(asked_, messages_to_chat(body, MessagesFor::an_answer, ignored, origins_));
    events_ = MessageEvents(asked_.stops);
    return {};
  }
  Result<std::string> whole(std::string_view completion) override { return message_of(completion, asked_); }
  std::string events(std::string_view chunk) override { return events_.take(chunk); }
  std::string finish() override { return events_.finish(); }
  std::string failure(const Error& error) override { return events_.failure(error); }

 private:
  MessagesAsked asked_;
  MessageEvents events_;
};

// A count is never streamed.
class CountTranslation final : public Translation {
 public:
  Result<void> to_chat(boost::json::object& body, Ignored& ignored) override {
    EAI_CHECK(messages_to_chat(body, MessagesFor::a_count, ignored, origins_));
    return {};
  }
  Result<std::string> whole(std::string_view completion) override { return count_of(completion); }
  std::string events(std::string_view chunk) override { return events_.take(chunk); }
  std::string finish() override { return events_.finish(); }
  std::string failure(const Error& error) override { return events_.failure(error); }

 private:
  MessageEvents events_;
};

}  // namespace

std::unique_ptr<Translation> make_messages_translation() { return std::make_unique<MessagesTranslation>(); }
std::unique_ptr<Translation> make_count_translation() { return std::make_unique<CountTranslation>(); }

}  // namespace eai::api
