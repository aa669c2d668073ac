#include "server.h"

#include <algorithm>
#include <cstdio>
#include <deque>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <sys/un.h>
#include <unistd.h>

#include "util/peer.h"

namespace eai::image_engine {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using Stream = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::uint64_t k_body_limit = 256ULL << 20;  // several pictures in base64

std::string error_body(int code, std::string_view type, std::string_view message, std::string_view param = {}) {
  json::object error{{"code", code}, {"message", message}, {"type", type}};
  if (!param.empty()) error["param"] = param;
  return json::serialize(json::object{{"error", std::move(error)}});
}

}  // namespace

class Session;

// The queue, and who is being drawn for.
struct Desk : std::enable_shared_from_this<Desk> {
  asio::io_context& context;
  const Options& options;
  Studio& studio;
  Stream::acceptor acceptor;
  bool ready = false;
  std::deque<std::shared_ptr<Session>> waiting;
  std::shared_ptr<Session> drawing;

  Desk(asio::io_context& c, const Options& o, Studio& s) : context(c), options(o), studio(s), acceptor(c) {}
  void accept();
  bool enqueue(const std::shared_ptr<Session>& session);
  void leave(const std::shared_ptr<Session>& session);
  void draw_next();
};

// One connection: a request, its answer or its events, the end.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Desk> server, Stream::socket socket)
      : server_(std::move(server)), socket_(std::move(socket)) {
    parser_.body_limit(k_body_limit);
  }

  void start() {
    http::async_read(socket_, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::body_limit)
        self->answer(http::status::payload_too_large,
                     error_body(413, "invalid_request_error", "the body is too large"));
      else if (!error)
        self->route();
    });
  }

  const std::shared_ptr<Job>& job() const { return job_; }

  void send_event(const std::string& event, More more) {
    if (gone_) return;
    std::string data = "data: " + event + "\n\n";
    char head[32];
    int size = std::snprintf(head, sizeof head, "%zx\r\n", data.size());
    out_.push_back(std::string(head, static_cast<std::size_t>(size)) + data + "\r\n");
    if (more == More::no) {
      out_.push_back("0\r\n\r\n");
      finished_ = true;
    }
    write();
  }

 private:
  void route() {
    const auto& request = parser_.get();
    if (!server_->ready) {
      answer(http::status::service_unavailable, error_body(503, "unavailable_error", "Loading model"));
    } else if (request.target() == "/health" && request.method() == http::verb::get) {
      answer(http::status::ok, R"({"status":"ok"})");
    } else if (request.target() == "/generate" && request.method() == http::verb::post) {
      generate();
    } else {
      answer(http::status::not_found, error_body(404, "not_found_error", "there are GET /health and POST /generate"));
    }
  }

  void generate() {
    auto request = parse_request(parser_.get().body(), server_->options);
    parser_.get().body() = {};
    if (!request) {
      const BadRequest& bad = request.error();
      return answer(http::status::bad_request, error_body(400, "invalid_request_error", bad.message, bad.param));
    }
    job_ = std::make_shared<Job>();
    job_->request = std::move(*request);
    if (!server_->enqueue(shared_from_this()))
      answer(http::status::service_unavailable, error_body(503, "unavailable_error", "the queue is full"));
  }

  void answer(http::status status, std::string body) {
    auto response = std::make_shared<http::response<http::string_body>>(status, 11);
    response->set(http::field::content_type, "application/json");
    response->keep_alive(false);
    response->body() = std::move(body);
    response->prepare_payload();
    http::async_write(socket_, *response, [self = shared_from_this(), response](error_code, std::size_t) {
      error_code ignored;
      self->socket_.shutdown(Stream::socket::shutdown_both, ignored);
    });
  }

  // Also the head of the answer: the first event is on its way.
  friend struct Desk;
  void begin_events() {
    out_.emplace_back(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: "
        "close\r\n\r\n");
    watch();
    write();
  }

  // Nothing more may come from the client but its end.
  void watch() {
    socket_.async_read_some(asio::buffer(&unexpected_, 1), [self = shared_from_this()](error_code, std::size_t) {
      if (self->finished_) return;
      self->give_up();
    });
  }

  void give_up() {
    if (std::exchange(gone_, true)) return;
    job_->cancelled = true;
    error_code ignored;
    socket_.close(ignored);
    server_->leave(shared_from_this());
  }

  void write() {
    if (writing_ || out_.empty() || gone_) return;
    writing_ = true;
    asio::async_write(socket_, asio::buffer(out_.front()), [self = shared_from_this()](error_code error, std::size_t) {
      self->writing_ = false;
      self->out_.pop_front();
      if (error) return self->give_up();
      if (self->out_.empty() && self->finished_) {
        error_code ignored;
        self->socket_.shutdown(Stream::socket::shutdown_both, ignored);
        return;
      }
      self->write();
    });
  }

  std::shared_ptr<Desk> server_;
  Stream::socket socket_;
  boost::beast::flat_buffer buffer_;
  http::request_parser<http::string_body> parser_;
  std::shared_ptr<Job> job_;
  std::deque<std::string> out_;
  char unexpected_ = 0;
  bool writing_ = false, finished_ = false, gone_ = false;
};

void Desk::accept() {
  acceptor.async_accept([self = shared_from_this()](error_code error, Stream::socket socket) {
    if (error == asio::error::operation_aborted) return;
    const bool answered = !error && is_own_peer_or_root(socket.native_handle());
    if (answered) std::make_shared<Session>(self, std::move(socket))->start();
    self->accept();
  });
}

bool Desk::enqueue(const std::shared_ptr<Session>& session) {
  if (drawing && waiting.size() >= options.bounds.queue) return false;
  std::size_t held = held_by(session->job()->request);
  for (const auto& other : waiting) held += held_by(other->job()->request);
  if (drawing && held > options.bounds.queue_bytes) return false;
  waiting.push_back(session);
  session->begin_events();
  if (drawing)
    session->send_event(event_queued(waiting.size()), More::yes);
  else
    draw_next();
  return true;
}

void Desk::leave(const std::shared_ptr<Session>& session) {
  auto at = std::find(waiting.begin(), waiting.end(), session);
  if (at == waiting.end()) return;  // being drawn: the job's own flag stops it
  auto behind = static_cast<std::size_t>(at - waiting.begin());
  waiting.erase(at);
  for (; behind < waiting.size(); ++behind) waiting[behind]->send_event(event_queued(behind + 1), More::yes);
}

void Desk::draw_next() {
  if (drawing || waiting.empty()) return;
  drawing = waiting.front();
  waiting.pop_front();
  for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i]->send_event(event_queued(i + 1), More::yes);
  studio.draw(drawing->job(), [self = shared_from_this()](std::string event, More more) {
    asio::post(self->context, [self, event = std::move(event), more] {
      self->drawing->send_event(event, more);
      if (more == More::yes) return;
      self->drawing.reset();
      self->draw_next();
    });
  });
}

Server::Server(asio::io_context& context, const Options& options, Studio& studio)
    : desk_(std::make_shared<Desk>(context, options, studio)) {}

Server::~Server() = default;

Result<void> Server::listen() {
  ::unlink(desk_->options.socket.c_str());
  error_code error;
  if (desk_->options.socket.size() >= sizeof(sockaddr_un{}.sun_path))
    return fail(Code::invalid, "the path of the socket is too long: " + desk_->options.socket);
  Stream::endpoint endpoint(desk_->options.socket);
  desk_->acceptor.open(endpoint.protocol(), error);
  if (!error) desk_->acceptor.bind(endpoint, error);
  if (!error) desk_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(Code::io, "cannot listen on " + desk_->options.socket + ": " + error.message());
  desk_->accept();
  return {};
}

void Server::set_ready() { desk_->ready = true; }

}  // namespace eai::image_engine
