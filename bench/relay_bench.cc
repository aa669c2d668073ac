// Why: relay_bench.py needs an engine that answers at once, and clients that measure how long answers take.
//   relay_bench --model … --host SOCKET …    in place of llama-server, with its command line
//   relay_bench load <port or socket> <connections> <requests> <whole|stream>
//       each connection asks again once it has its answer; prints JSON: how long each request took until its answer was
//       complete, or until its first event arrived (milliseconds), and how long all took together (seconds)
//   relay_bench hold <port or socket> <streams>
//       holds streams that never end; prints a line once each has had an event, and ends when its input does
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

#include "util/text.h"

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Socket = asio::generic::stream_protocol::socket;

constexpr int k_events = 8;
constexpr std::string_view k_event =
    "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\" river\"}}],\"created\":1,"
    "\"id\":\"chatcmpl-0\",\"model\":\"m\",\"object\":\"chat.completion.chunk\"}\n\n";

std::string answer_of(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

// As long as a short answer of llama-server.
std::string whole_answer() {
  return answer_of(R"({"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":")" +
                   std::string(200, 'a') +
                   R"("}}],"created":1,"model":"m","object":"chat.completion","usage":{"completion_tokens":50,)"
                   R"("prompt_tokens":20,"total_tokens":70},"id":"chatcmpl-0"})");
}

std::string chunk_of(std::string_view bytes) {
  std::array<char, 8> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end) + "\r\n" + std::string(bytes) + "\r\n";
}

// Messages over one connection, one after another.
class Wire {
 public:
  explicit Wire(Socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<void> send(const std::string& bytes) {
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
  }
  // Reads until `mark` has arrived.
  asio::awaitable<void> read_until(std::string_view mark) {
    while (arrived_.find(mark) == std::string::npos) co_await read();
  }
  // A head and the body whose length it tells; valid until forget().
  asio::awaitable<std::string_view> read_message() {
    co_await read_until("\r\n\r\n");
    const auto body = arrived_.find("\r\n\r\n") + 4;
    const auto length = arrived_.find("Content-Length: ");
    std::size_t size = 0;
    if (length < body) std::from_chars(arrived_.data() + length + 16, arrived_.data() + body, size);
    while (arrived_.size() < body + size) co_await read();
    co_return arrived_;
  }
  void forget() { arrived_.clear(); }

 private:
  asio::awaitable<void> read() {
    const auto count = co_await socket_.async_read_some(asio::buffer(buffer_), asio::use_awaitable);
    arrived_.append(buffer_.data(), count);
  }

  Socket socket_;
  std::array<char, 16384> buffer_{};
  std::string arrived_;
};

// A connection to the engine. It uses nothing of the program's own server, because that is what is measured.
asio::awaitable<void> answer(std::shared_ptr<Wire> wire) {
  static const std::string healthy = answer_of(R"({"status":"ok"})"), whole = whole_answer(), event = chunk_of(k_event);
  static const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (;;) {
    const std::string_view request = co_await wire->read_message();
    const bool health = request.starts_with("GET /health");
    const bool stream = request.find("\"stream\":true") != std::string::npos;
    const bool endless = request.find("\"hold\"") != std::string::npos;
    wire->forget();
    if (health || !stream) {
      co_await wire->send(health ? healthy : whole);
      continue;
    }
    co_await wire->send(head + event);
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (int i = 1; endless || i < k_events; ++i) {
      if (endless) {
        pause.expires_after(std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::use_awaitable);
      }
      co_await wire->send(event);
    }
    co_await wire->send(chunk_of("data: [DONE]\n\n") + "0\r\n\r\n");
  }
}

asio::awaitable<void> serve(asio::io_context& context, std::string path) {
  asio::local::stream_protocol::acceptor acceptor(context, asio::local::stream_protocol::endpoint(path));
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    const auto gone = [](std::exception_ptr) {};  // the other side closed
    asio::co_spawn(context, answer(std::make_shared<Wire>(Socket(std::move(socket)))), gone);
  }
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
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
  asio::co_spawn(context, serve(context, socket), rethrow);
  asio::co_spawn(context, end_with_input(context), rethrow);
  std::puts("cmd_child_to_router:state:{\"state\":\"ready\"}");
  std::fflush(stdout);
  context.run();
  return 0;
}

Socket connected(asio::io_context& context, std::string_view target) {
  Socket socket(context);
  if (const auto port = eai::parse_u64(target)) {
    const asio::ip::tcp::endpoint there(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(*port));
    socket.connect(there);
    const asio::ip::tcp::no_delay at_once(true);
    socket.set_option(at_once);
  } else {
    socket.connect(asio::local::stream_protocol::endpoint(std::string(target)));
  }
  return socket;
}

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

asio::awaitable<void> ask_again_and_again(Wire& client, Load& load) {
  while (load.left-- > 0) {
    const auto begun = Clock::now();
    co_await client.send(load.request);
    if (load.stream) {
      co_await client.read_until("data: ");
    } else {
      const std::string_view answer = co_await client.read_message();
      if (!answer.starts_with("HTTP/1.1 200")) throw std::runtime_error(std::string(answer));
    }
    load.times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    if (load.stream) co_await client.read_until("\r\n0\r\n\r\n");
    client.forget();
  }
}

int run_load(std::string_view target, std::size_t connections, int requests, bool stream) {
  asio::io_context context(1);
  Load load{request_of(stream ? R"(,"stream":true)" : ""), stream, requests, {}};
  load.times.reserve(static_cast<std::size_t>(requests));
  std::vector<std::unique_ptr<Wire>> clients;
  for (std::size_t i = 0; i < connections; ++i) clients.push_back(std::make_unique<Wire>(connected(context, target)));
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

asio::awaitable<void> open_stream(Wire& client, const std::string& request, std::size_t& missing) {
  co_await client.send(request);
  co_await client.read_until("data: ");
  if (--missing == 0) {
    std::puts("open");
    std::fflush(stdout);
  }
  co_await client.read_until("\r\n0\r\n\r\n");
}

int run_hold(std::string_view target, std::size_t streams) {
  asio::io_context context(1);
  const std::string request = request_of(R"(,"stream":true,"hold":1)");
  std::vector<std::unique_ptr<Wire>> clients;
  std::size_t missing = streams;
  for (std::size_t i = 0; i < streams; ++i) clients.push_back(std::make_unique<Wire>(connected(context, target)));
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
