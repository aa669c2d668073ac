#include "http/client.h"

#include <algorithm>

#include "http/curl_library.h"
#include "http/transfer.h"

// The library is called through a table, which the header's type-checking macros do not know.
#undef curl_multi_setopt

namespace eai::http {

using Clock = std::chrono::steady_clock;

std::string_view ResponseHead::header(std::string_view name) const {
  auto found = headers.find(std::string(name));
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

struct Transfers::State {
  const CurlLibrary* curl = nullptr;
  CURLM* multi = nullptr;
  std::optional<Error> unusable;  // libcurl could not be loaded
  std::map<Id, std::unique_ptr<Transfer>> transfers;
  Id next_id = 1;
  bool inside = false;  // in libcurl, which allows no change to its set from its callbacks

  // Takes the transfer out of libcurl and ends it.
  void finish(Id id, std::optional<Error> error, CURLcode code = CURLE_OK) {
    auto found = transfers.find(id);
    if (found == transfers.end()) return;
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers.erase(found);
    if (transfer->added) curl->multi_remove_handle(multi, transfer->easy);
    if (transfer->cancelled) return;
    if (!error) transfer->give_head();
    if (const auto unreached = error ? transfer->unreached(code) : std::nullopt) {
      transfer->receiver->on_unreached(*unreached);
    }
    if (transfer->error) error = std::move(transfer->error);
    if (transfer->cancelled) return;
    transfer->receiver->on_done(error ? Result<void>(Failure(std::move(*error))) : Result<void>());
  }

  // What callbacks asked for while libcurl was at work.
  void settle() {
    std::vector<Id> dead;
    for (auto& [id, transfer] : transfers) {
      if (transfer->cancelled || unusable) {
        dead.push_back(id);
      } else if (!transfer->added) {
        transfer->added = curl->multi_add_handle(multi, transfer->easy) == CURLM_OK;
        if (!transfer->added) transfer->keep(fail(Code::io, "libcurl does not accept another transfer"));
        if (!transfer->added) dead.push_back(id);
      }
    }
    for (Id id : dead) finish(id, unusable);
  }

  bool finish_ended() {
    bool any = false;
    int left = 0;
    while (CURLMsg* message = curl->multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      CURLcode code = message->data.result;
      for (auto& [id, transfer] : transfers) {
        if (transfer->easy != easy) continue;
        finish(id, code == CURLE_OK ? std::nullopt : std::optional(transfer->error_of(code)), code);
        any = true;
        break;
      }
    }
    return any;
  }

  bool finish_stalled() {
    std::vector<Id> stalled;
    Clock::time_point now = Clock::now();
    for (auto& [id, transfer] : transfers) {
      if (now - transfer->last_byte > transfer->stall_timeout) stalled.push_back(id);
    }
    for (Id id : stalled) {
      auto found = transfers.find(id);
      if (found == transfers.end()) continue;
      double seconds = std::chrono::duration<double>(found->second->stall_timeout).count();
      std::string text = std::to_string(seconds);
      text.erase(text.find('.') + 2);
      finish(id, Error{Code::timeout, "no byte came for " + text + " s"}, CURLE_OPERATION_TIMEDOUT);
    }
    return !stalled.empty();
  }

  std::chrono::milliseconds time_to_stall(std::chrono::milliseconds wait) const {
    Clock::time_point now = Clock::now();
    for (const auto& [id, transfer] : transfers) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer->last_byte + transfer->stall_timeout - now);
      wait = std::clamp(left, std::chrono::milliseconds(1), wait);
    }
    return wait;
  }

  void perform() {
    inside = true;
    int running = 0;
    curl->multi_perform(multi, &running);
    inside = false;
  }
};

Transfers::Transfers() : state_(std::make_unique<State>()) {
  auto library = curl_library();
  if (!library) {
    state_->unusable = std::move(library).error();
    return;
  }
  state_->curl = *library;
  state_->multi = state_->curl->multi_init();
  if (state_->multi == nullptr) {
    state_->unusable = Error{Code::io, "libcurl could not be started"};
    return;
  }
  state_->curl->multi_setopt(state_->multi, CURLMOPT_MAXCONNECTS, 128L);
}

Transfers::~Transfers() {
  for (auto& [id, transfer] : state_->transfers) {
    if (transfer->added) state_->curl->multi_remove_handle(state_->multi, transfer->easy);
  }
  state_->transfers.clear();
  if (state_->multi != nullptr) state_->curl->multi_cleanup(state_->multi);
}

Transfers::Id Transfers::start(const Request& request, Receiver& receiver) {
  auto transfer = std::make_unique<Transfer>(receiver);
  if (!state_->unusable) transfer->set_up(*state_->curl, request);
  Id id = state_->next_id++;
  state_->transfers.emplace(id, std::move(transfer));
  return id;
}

void Transfers::cancel(Id id) {
  auto found = state_->transfers.find(id);
  if (found == state_->transfers.end()) return;
  found->second->cancelled = true;
  if (!state_->inside) state_->finish(id, std::nullopt);
}

void Transfers::poll(std::chrono::milliseconds wait) {
  state_->settle();
  if (state_->unusable) return;
  state_->perform();
  bool happened = state_->finish_ended();
  happened |= state_->finish_stalled();
  state_->settle();
  if (happened) return;
  int ready = 0;
  state_->curl->multi_poll(state_->multi, nullptr, 0, static_cast<int>(state_->time_to_stall(wait).count()), &ready);
}

void Transfers::wake() {
  if (state_->multi != nullptr) state_->curl->multi_wakeup(state_->multi);
}

std::size_t Transfers::active() const { return state_->transfers.size(); }

namespace {

class Collector final : public Receiver {
 public:
  explicit Collector(std::uint64_t limit) : limit_(limit) {}

  Result<void> on_head(const ResponseHead& head) override {
    response_.status = head.status;
    response_.headers = head.headers;
    return {};
  }
  Result<void> on_body(ByteView bytes) override {
    if (response_.body.size() + bytes.size() > limit_) {
      return fail(Code::network, "the response is larger than " + std::to_string(limit_) + " bytes");
    }
    response_.body.insert(response_.body.end(), bytes.begin(), bytes.end());
    return {};
  }
  void on_done(Result<void> outcome) override { outcome_ = std::move(outcome); }

  bool done() const { return outcome_.has_value(); }
  Result<Response> take() {
    if (!*outcome_) return Failure(std::move(*outcome_).error());
    return std::move(response_);
  }

 private:
  std::uint64_t limit_;
  Response response_;
  std::optional<Result<void>> outcome_;
};

}  // namespace

Result<Response> fetch(const Request& request, std::uint64_t body_limit, const std::stop_token& stop) {
  Transfers transfers;
  Collector collector(body_limit);
  transfers.start(request, collector);
  const std::stop_callback wake(stop, [&] { transfers.wake(); });
  while (!collector.done()) {
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    transfers.poll(std::chrono::milliseconds(1000));
  }
  return collector.take();
}

}  // namespace eai::http
