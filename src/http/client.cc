#include "http/client.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/address.h"
#include "http/curl_library.h"
#include "util/socket.h"
#include "util/text.h"

// The library is called through a table, which the header's type-checking macros do not know.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

namespace eai::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_header_limit = 64 * k_kib;
constexpr long k_receive_buffer = 256 * 1024;

std::string_view trimmed(std::string_view text) {
  const std::string_view blanks = " \t\r\n";
  std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// "HTTP/1.1 206 Partial Content" → 206; 0 if it is no status line.
int status_of(std::string_view line) {
  std::size_t blank = line.find(' ');
  if (!line.starts_with("HTTP/") || blank == std::string_view::npos) return 0;
  int status = 0;
  for (char c : line.substr(blank + 1, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

struct Transfer {
  const CurlLibrary* curl = nullptr;
  CURL* easy = nullptr;
  curl_slist* header_list = nullptr;
  Receiver* receiver = nullptr;
  std::chrono::milliseconds stall_timeout{};
  PlainHttp plain_http{};
  Clock::time_point last_byte;
  ResponseHead head;
  std::optional<RequestBody> body;
  std::uint64_t body_sent = 0;
  std::size_t header_bytes = 0;
  bool head_given = false;
  bool cancelled = false;
  bool added = false;
  std::function<bool(std::string_view)> peer_allowed;
  bool peer_refused = false;
  std::optional<Error> error;  // ours; stands above what libcurl says
  char curl_text[CURL_ERROR_SIZE] = {};

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    if (easy != nullptr) curl->easy_cleanup(easy);
    if (header_list != nullptr) curl->slist_free_all(header_list);
  }

  bool keep(Result<void> result) {
    if (!result && !error) error = std::move(result).error();
    return !error;
  }

  bool give_head() {
    if (head_given) return true;
    head_given = true;
    return keep(receiver->on_head(head));
  }

  void header_line(std::string_view line) {
    if (int status = status_of(line); status != 0) {  // a new answer: after "100 Continue" or a redirect
      head = ResponseHead{status, {}};
      header_bytes = 0;
      return;
    }
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    head.headers[lower(trimmed(line.substr(0, colon)))] = std::string(trimmed(line.substr(colon + 1)));
  }
};

extern "C" {

static std::size_t eai_http_on_header(char* data, std::size_t one, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  size *= one;
  transfer.last_byte = Clock::now();
  transfer.header_bytes += size;
  if (transfer.header_bytes > k_header_limit) {
    transfer.keep(fail(Code::network, "the answer's header is over 64 KiB"));
    return 0;
  }
  transfer.header_line({data, size});
  return transfer.cancelled ? 0 : size;
}

static std::size_t eai_http_on_body(char* data, std::size_t one, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  size *= one;
  transfer.last_byte = Clock::now();
  if (transfer.cancelled || !transfer.give_head() || transfer.cancelled) return CURL_WRITEFUNC_ERROR;
  bool good = transfer.keep(transfer.receiver->on_body(view_of({data, size})));
  return good && !transfer.cancelled ? size : CURL_WRITEFUNC_ERROR;
}

static std::size_t eai_http_on_send(char* data, std::size_t one, std::size_t room, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(one * room, transfer.body->size - transfer.body_sent));
  transfer.last_byte = Clock::now();
  if (transfer.cancelled) return CURL_READFUNC_ABORT;
  if (size == 0) return 0;
  const std::span into(reinterpret_cast<std::uint8_t*>(data), size);
  if (!transfer.keep(transfer.body->read(transfer.body_sent, into))) return CURL_READFUNC_ABORT;
  transfer.body_sent += size;
  return size;
}

static int eai_http_on_seek(void* user, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(user)->body_sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Connected, nothing sent yet: the moment to look at whom we are about to talk to in plain text.
static int eai_http_before_request(void* user, char* peer, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  const char* url = nullptr;
  transfer.curl->easy_getinfo(transfer.easy, CURLINFO_EFFECTIVE_URL, &url);
  if (url == nullptr || !lower(url).starts_with("http:")) return CURL_PREREQFUNC_OK;
  if (transfer.plain_http == PlainHttp::anywhere || is_private_address(peer)) return CURL_PREREQFUNC_OK;
  transfer.keep(fail(Code::invalid,
                     "plain http to the public address " + std::string(peer) +
                         " is refused: anybody on the way could read along; use https",
                     Hint::allow_plain_http));
  return CURL_PREREQFUNC_ABORT;
}

// The name was resolved: this is the very address that would be connected to.
static curl_socket_t eai_http_open_socket(void* user, curlsocktype, curl_sockaddr* peer) {
  auto& transfer = *static_cast<Transfer*>(user);
  char text[INET6_ADDRSTRLEN] = {};
  const void* address = nullptr;
  const void* whole = &peer->addr;
  if (peer->family == AF_INET) address = &static_cast<const sockaddr_in*>(whole)->sin_addr;
  if (peer->family == AF_INET6) address = &static_cast<const sockaddr_in6*>(whole)->sin6_addr;
  if (address == nullptr || ::inet_ntop(peer->family, address, text, sizeof text) == nullptr ||
      !transfer.peer_allowed(text)) {
    transfer.peer_refused = true;
    return CURL_SOCKET_BAD;
  }
  return make_socket(peer->family, peer->socktype, peer->protocol).release();
}

}  // extern "C"

template <typename Value>
void set(Transfer& transfer, CURLoption option, Value value) {
  transfer.curl->easy_setopt(transfer.easy, option, value);
}

void set_up_url(Transfer& transfer, const Request& request) {
  bool plain = lower(request.url.substr(0, 5)) == "http:";
  set(transfer, CURLOPT_URL, request.url.c_str());
  set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
  set(transfer, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
  if (plain) set(transfer, CURLOPT_NOPROXY, "*");
  set(transfer, CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
  set(transfer, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  set(transfer, CURLOPT_PREREQFUNCTION, eai_http_before_request);
  set(transfer, CURLOPT_PREREQDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
  set(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
  if (const char* certificates = std::getenv("SSL_CERT_FILE")) set(transfer, CURLOPT_CAINFO, certificates);
}

void set_up_peers(Transfer& transfer, const Request& request) {
  if (!request.peer_allowed) return;
  transfer.peer_allowed = request.peer_allowed;
  set(transfer, CURLOPT_OPENSOCKETFUNCTION, eai_http_open_socket);
  set(transfer, CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(transfer, CURLOPT_PROXY, "");
  set(transfer, CURLOPT_QUICK_EXIT, 1L);  // giving up does not wait for a name server
}

void set_up_headers(Transfer& transfer, const Request& request) {
  // Said by hand and not through CURLOPT_ACCEPT_ENCODING, so that libcurl never decodes: an encoding that comes
  // nevertheless is seen by the caller.
  std::vector<std::string> lines = {"Accept-Encoding: identity"};
  for (const auto& [name, value] : request.headers) lines.push_back(name + ": " + value);
  if (request.range) {
    lines.push_back("Range: bytes=" + std::to_string(request.range->begin) + "-" +
                    std::to_string(request.range->end - 1));
  }
  for (const std::string& line : lines) {
    transfer.header_list = transfer.curl->slist_append(transfer.header_list, line.c_str());
  }
  set(transfer, CURLOPT_HTTPHEADER, transfer.header_list);
  set(transfer, CURLOPT_USERAGENT, "eai/" EAI_VERSION);
}

void set_up_body(Transfer& transfer, const RequestBody& body) {
  transfer.body = body;
  set(transfer, CURLOPT_POST, 1L);
  set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size));
  set(transfer, CURLOPT_READFUNCTION, eai_http_on_send);
  set(transfer, CURLOPT_READDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_SEEKFUNCTION, eai_http_on_seek);
  set(transfer, CURLOPT_SEEKDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_UPLOAD_BUFFERSIZE, k_receive_buffer);
}

void set_up(Transfer& transfer, const Request& request) {
  set(transfer, CURLOPT_NOSIGNAL, 1L);
  set(transfer, CURLOPT_ERRORBUFFER, transfer.curl_text);
  set(transfer, CURLOPT_BUFFERSIZE, k_receive_buffer);
  set(transfer, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  if (request.deadline) set(transfer, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline->count()));
  if (request.body) set_up_body(transfer, *request.body);
  if (request.method == "HEAD") {
    set(transfer, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    set(transfer, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  set(transfer, CURLOPT_HEADERFUNCTION, eai_http_on_header);
  set(transfer, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_WRITEFUNCTION, eai_http_on_body);
  set(transfer, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set_up_url(transfer, request);
  set_up_peers(transfer, request);
  set_up_headers(transfer, request);
}

Error error_of(const Transfer& transfer, CURLcode code) {
  if (transfer.peer_refused) return Error{Code::invalid, "its address is not one that may be asked"};
  std::string text = transfer.curl_text[0] != '\0' ? transfer.curl_text : transfer.curl->easy_strerror(code);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return Error{code == CURLE_OPERATION_TIMEDOUT ? Code::timeout : Code::network, std::move(text)};
}

}  // namespace

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
  void finish(Id id, std::optional<Error> error) {
    auto found = transfers.find(id);
    if (found == transfers.end()) return;
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    transfers.erase(found);
    if (transfer->added) curl->multi_remove_handle(multi, transfer->easy);
    if (transfer->cancelled) return;
    if (!error) transfer->give_head();
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
        if (!transfer->added) transfer->keep(fail(Code::io, "libcurl takes no further transfer"));
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
        finish(id, code == CURLE_OK ? std::nullopt : std::optional(error_of(*transfer, code)));
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
      finish(id, Error{Code::timeout, "no byte came for " + text + " s"});
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
  state_->curl->multi_setopt(state_->multi, CURLMOPT_MAXCONNECTS, 32L);
}

Transfers::~Transfers() {
  for (auto& [id, transfer] : state_->transfers) {
    if (transfer->added) state_->curl->multi_remove_handle(state_->multi, transfer->easy);
  }
  state_->transfers.clear();
  if (state_->multi != nullptr) state_->curl->multi_cleanup(state_->multi);
}

Transfers::Id Transfers::start(const Request& request, Receiver& receiver) {
  auto transfer = std::make_unique<Transfer>();
  transfer->receiver = &receiver;
  transfer->stall_timeout = request.stall_timeout;
  transfer->plain_http = request.plain_http;
  transfer->last_byte = Clock::now();
  if (!state_->unusable) {
    transfer->curl = state_->curl;
    transfer->easy = state_->curl->easy_init();
    set_up(*transfer, request);
  }
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
      return fail(Code::network, "the answer is larger than " + std::to_string(limit_) + " bytes");
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
