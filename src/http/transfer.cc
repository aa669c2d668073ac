#include "http/transfer.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http/address.h"
#include "util/socket.h"
#include "util/text.h"

// The library is called through a table, which the header's type-checking macros do not know.
#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace eai::http {
namespace {

constexpr std::size_t k_header_limit = 64 * k_kib;
constexpr long k_receive_buffer = 256 * 1024;

extern "C" {

static std::size_t eai_http_on_header(char*, std::size_t one, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  size *= one;
  transfer.last_byte = Transfer::Clock::now();
  const bool is_end = size <= 2;  // the blank line: another head may follow, after a redirect
  transfer.header_bytes = is_end ? 0 : transfer.header_bytes + size;
  if (transfer.header_bytes > k_header_limit) {
    transfer.keep(fail(Code::network, "the response's header is larger than 64 KiB"));
    return 0;
  }
  return transfer.cancelled ? 0 : size;
}

static std::size_t eai_http_on_body(char* data, std::size_t one, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  size *= one;
  transfer.last_byte = Transfer::Clock::now();
  if (transfer.cancelled || !transfer.give_head() || transfer.cancelled) return CURL_WRITEFUNC_ERROR;
  bool good = transfer.keep(transfer.receiver->on_body(view_of({data, size})));
  return good && !transfer.cancelled ? size : CURL_WRITEFUNC_ERROR;
}

static std::size_t eai_http_on_send(char* data, std::size_t one, std::size_t room, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(one * room, transfer.body->size - transfer.body_sent));
  transfer.last_byte = Transfer::Clock::now();
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
static int eai_http_before_request(void* user, char* peer, char* own, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  long opened = 0;
  transfer.curl->easy_getinfo(transfer.easy, CURLINFO_NUM_CONNECTS, &opened);
  transfer.connected = true;
  if (!transfer.cancelled) transfer.receiver->on_connected({peer, own, opened > 0});
  if (transfer.cancelled) return CURL_PREREQFUNC_ABORT;
  const char* url = nullptr;
  transfer.curl->easy_getinfo(transfer.easy, CURLINFO_EFFECTIVE_URL, &url);
  if (url == nullptr || !lower(url).starts_with("http:")) return CURL_PREREQFUNC_OK;
  if (transfer.plain_http == PlainHttp::anywhere || is_private_address(peer)) return CURL_PREREQFUNC_OK;
  transfer.keep(fail(Code::invalid,
                     "plain http to the public address " + std::string(peer) +
                         " is refused, because anybody on the way could read it; use https",
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

}  // namespace

Transfer::~Transfer() {
  if (easy != nullptr) curl->easy_cleanup(easy);
  if (header_list != nullptr) curl->slist_free_all(header_list);
}

bool Transfer::keep(Result<void> result) {
  if (!result && !error) error = std::move(result).error();
  return !error;
}

bool Transfer::give_head() {
  if (head_given) return true;
  head_given = true;
  constexpr int k_last_request = -1;  // after redirects
  ResponseHead head;
  long status = 0;
  curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  head.status = static_cast<int>(status);
  for (curl_header* each = nullptr;
       (each = curl->easy_nextheader(easy, CURLH_HEADER, k_last_request, each)) != nullptr;)
    head.headers[lower(each->name)] = each->value;
  return keep(receiver->on_head(head));
}

void Transfer::set_up(const CurlLibrary& library, const Request& request) {
  curl = &library;
  easy = curl->easy_init();
  stall_timeout = request.stall_timeout;
  plain_http = request.plain_http;
  Transfer& transfer = *this;
  set(transfer, CURLOPT_NOSIGNAL, 1L);
  set(transfer, CURLOPT_QUICK_EXIT, 1L);  // giving up does not wait for a name server
  set(transfer, CURLOPT_ERRORBUFFER, curl_text);
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

Error Transfer::error_of(CURLcode code) const {
  if (peer_refused) return Error{Code::invalid, "its address is not allowed"};
  std::string text = curl_text[0] != '\0' ? curl_text : curl->easy_strerror(code);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return Error{code == CURLE_OPERATION_TIMEDOUT ? Code::timeout : Code::network, std::move(text)};
}

std::optional<Unreached> Transfer::unreached(CURLcode code) const {
  if (code == CURLE_OK || connected || peer_refused || error) return std::nullopt;
  Unreached out;
  const char* url = nullptr;
  curl_off_t named = 0;
  curl_off_t opened = 0;
  long number = 0;
  curl->easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  curl->easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
  curl->easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &opened);
  curl->easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  if (opened > 0) return std::nullopt;  // what failed came later: TLS, or a proxy
  if (url != nullptr && code != CURLE_COULDNT_RESOLVE_PROXY) out.host = host_of(url);
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      out.why = Unreached::Why::no_name;
      return out;
    case CURLE_OPERATION_TIMEDOUT:
      out.why = named == 0 ? Unreached::Why::no_name : Unreached::Why::no_answer;
      return out;
    case CURLE_COULDNT_CONNECT:
      if (number == ENETUNREACH || number == ENETDOWN || number == EADDRNOTAVAIL) {
        out.why = Unreached::Why::no_route;
        return out;
      }
      if (number == EHOSTUNREACH || number == EHOSTDOWN || number == ETIMEDOUT) return out;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace eai::http
