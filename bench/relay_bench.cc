// The two ends of relay_bench.py: an engine that answers at once, and clients that look at the clock.
//   relay_bench --model … --host SOCKET …    in place of llama-server, with its command line
//   relay_bench load <port or socket> <connections> <requests> <whole|stream>
//       each connection asks again when it has its answer; prints JSON: what a request took until its answer was whole, or
//       until its first event was there (milliseconds), and all together (seconds)
//   relay_bench hold <port or socket> <streams>
//       streams that never end; prints a line when each has had an event, ends with its input
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include "http/server.h"
#include "util/text.h"

namespace {

namespace asio = boost::asio;
namespace http = eai::http;
using Clock = std::chrono::steady_clock;
using Socket = asio::generic::stream_protocol::socket;

constexpr int k_events = 8;
constexpr std::string_view k_event =
    "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\" river\"}}],\"created\":1,"
    "\"id\":\"chatcmpl-0\",\"model\":\"m\",\"object\":\"chat.completion.chunk\"}\n\n";

// As long as a short answer of llama-server.
std::string whole_answer() {
  return R"({"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":")" +
         std::string(200, 'a') +
         R"("}}],"created":1,"model":"m","object":"chat.completion","usage":{"completion_tokens":50,"prompt_tokens":20,)"
         R"("total_tokens":70},"id":"chatcmpl-0"})";
}

asio::awaitable<void> answer(asio::io_context& context, http::Incoming& in, http::Outgoing& out) {
  if (in.path() == "/health") {
    const http::Reply healthy{200, {{"content-type", "application/json"}}, R"({"status":"ok"})"};
    co_await out.send(healthy);
    co_return;
  }
  if (in.body.find("\"stream\":true") == std::string::npos) {
    static const http::Reply whole{200, {{"content-type", "application/json"}}, whole_answer()};
    co_await out.send(whole);
    co_return;
  }
  const bool endless = in.body.find("\"hold\"") != std::string::npos;
  const http::HeaderList headers = {{"content-type", "text/event-stream"}};
  auto sent = co_await out.begin(200, headers, k_event);
  asio::steady_timer pause(context);
  for (int i = 1; sent && (endless || i < k_events); ++i) {
    if (endless) {
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::use_awaitable);
    }
    sent = co_await out.write(k_event);
  }
  if (!sent) co_return;
  co_await out.write("data: [DONE]\n\n");
  co_await out.end();
}

asio::awaitable<void> end_with_input(asio::io_context& context) {
  asio::posix::stream_descriptor input(context, ::dup(STDIN_FILENO));
  std::array<char, 256> buffer{};
  boost::system::error_code ended;
  while (!ended) co_await input.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ended));
  context.stop();
}

int engine(const std::string& socket) {
  asio::io_context context(1);
  http::Handlers handlers;
  handlers.handle = [&](http::Incoming& in, http::Outgoing& out) { return answer(context, in, out); };
  handlers.refuse = [](int status, std::string_view why) { return http::Reply{status, {}, std::string(why)}; };
  http::Server server(context, {}, std::move(handlers));
  if (!server.listen_unix(socket)) return 1;
  asio::co_spawn(context, end_with_input(context), asio::detached);
  std::puts("cmd_child_to_router:state:{\"state\":\"ready\"}");
  std::fflush(stdout);
  context.run();
  return 0;
}

// One connection of a client.
class Client {
 public:
  Client(asio::io_context& context, std::string_view target) : socket_(context) {
    if (const auto port = eai::parse_u64(target)) {
      const asio::ip::tcp::endpoint there(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(*port));
      socket_.connect(there);
      const asio::ip::tcp::no_delay at_once(true);
      socket_.set_option(at_once);
    } else {
      socket_.connect(asio::local::stream_protocol::endpoint(std::string(target)));
    }
  }

  asio::awaitable<void> send(const std::string& request) {
    co_await asio::async_write(socket_, asio::buffer(request), asio::use_awaitable);
  }
  // Until `mark` is in what came, or its answer is whole; the time is that of the last bytes.
  asio::awaitable<void> read_until(std::string_view mark) {
    while (arrived_.find(mark) == std::string::npos) co_await read();
  }
  asio::awaitable<void> read_whole() {
    co_await read_until("\r\n\r\n");
    const auto body = arrived_.find("\r\n\r\n") + 4;
    const std::string head = arrived_.substr(0, body);
    const auto length = head.find("Content-Length: ");
    if (!head.starts_with("HTTP/1.1 200") || length == std::string::npos) throw std::runtime_error(arrived_);
    std::size_t size = 0;
    std::from_chars(head.data() + length + 16, head.data() + head.size(), size);
    while (arrived_.size() < body + size) co_await read();
    arrived_.clear();
  }
  asio::awaitable<void> read_end_of_stream() {
    co_await read_until("\r\n0\r\n\r\n");
    arrived_.clear();
  }

 private:
  asio::awaitable<void> read() {
    const auto count = co_await socket_.async_read_some(asio::buffer(buffer_), asio::use_awaitable);
    arrived_.append(buffer_.data(), count);
  }

  Socket socket_;
  std::array<char, 16384> buffer_{};
  std::string arrived_;
};

std::string request_of(std::string_view more) {
  const std::string body =
      R"({"model":"local-model","messages":[{"role":"user","content":"What is IPFS?"}])" + std::string(more) + "}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Load {
  std::string request;
  bool stream = false;
  int left = 0;
  std::vector<double> times;  // milliseconds
};

asio::awaitable<void> ask_again_and_again(Client& client, Load& load) {
  while (load.left-- > 0) {
    const auto begun = Clock::now();
    co_await client.send(load.request);
    if (load.stream)
      co_await client.read_until("data: ");
    else
      co_await client.read_whole();
    load.times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    if (load.stream) co_await client.read_end_of_stream();
  }
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

int run_load(std::string_view target, std::size_t connections, int requests, bool stream) {
  asio::io_context context(1);
  Load load{request_of(stream ? R"(,"stream":true)" : ""), stream, requests, {}};
  load.times.reserve(static_cast<std::size_t>(requests));
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < connections; ++i) clients.push_back(std::make_unique<Client>(context, target));
  const auto begun = Clock::now();
  for (const auto& client : clients) asio::co_spawn(context, ask_again_and_again(*client, load), rethrow);
  context.run();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::sort(load.times.begin(), load.times.end());
  const auto at = [&](double share) {
    return load.times[static_cast<std::size_t>(share * static_cast<double>(load.times.size() - 1))];
  };
  std::printf("{\"p50\":%.4f,\"p99\":%.4f,\"seconds\":%.4f}\n", at(0.5), at(0.99), seconds);
  return 0;
}

asio::awaitable<void> open_stream(Client& client, const std::string& request, std::size_t& missing) {
  co_await client.send(request);
  co_await client.read_until("data: ");
  if (--missing == 0) {
    std::puts("open");
    std::fflush(stdout);
  }
  co_await client.read_end_of_stream();
}

int run_hold(std::string_view target, std::size_t streams) {
  asio::io_context context(1);
  const std::string request = request_of(R"(,"stream":true,"hold":1)");
  std::vector<std::unique_ptr<Client>> clients;
  std::size_t missing = streams;
  for (std::size_t i = 0; i < streams; ++i) clients.push_back(std::make_unique<Client>(context, target));
  for (const auto& client : clients) asio::co_spawn(context, open_stream(*client, request, missing), rethrow);
  asio::co_spawn(context, end_with_input(context), rethrow);
  context.run();
  return 0;
}

std::string_view value_of(const std::vector<std::string_view>& words, std::string_view option) {
  const auto found = std::find(words.begin(), words.end(), option);
  return found == words.end() || found + 1 == words.end() ? std::string_view{} : *(found + 1);
}

}  // namespace

int main(int count, char** given) {
  const std::vector<std::string_view> words(given + 1, given + count);
  if (words == std::vector<std::string_view>{"--list-devices"}) return 0;
  try {
    if (words.size() == 5 && words[0] == "load")
      return run_load(words[1], eai::parse_u64(words[2]).value(), static_cast<int>(eai::parse_u64(words[3]).value()),
                      words[4] == "stream");
    if (words.size() == 3 && words[0] == "hold") return run_hold(words[1], eai::parse_u64(words[2]).value());
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  const std::string_view socket = value_of(words, "--host");
  return socket.empty() ? 2 : engine(std::string(socket));
}
