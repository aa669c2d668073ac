#include "http/server.h"

#include <algorithm>
#include <list>
#include <set>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "http/connection.h"
#include "http/listeners.h"
#include "util/log.h"
#include "util/peer.h"
#include "util/task.h"

namespace eai::http {

using asio::ip::tcp;
using Local = asio::local::stream_protocol;

std::string_view Incoming::path() const { return std::string_view(target).substr(0, target.find('?')); }
std::string_view Incoming::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

namespace {

// Each connection may need one more descriptor towards an engine, and the program needs some for itself.
std::size_t connections_within_descriptors(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t need = wanted * 2 + 128;
  if (limit.rlim_cur < need) {
    limit.rlim_cur = std::min<rlim_t>(need, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const std::size_t possible = limit.rlim_cur > 160 ? (limit.rlim_cur - 128) / 2 : 16;
  return std::min(wanted, possible);
}

Result<std::shared_ptr<asio::ssl::context>> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  ErrorCode failure;
  context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, failure);
  context->use_certificate_chain_file(files.certificate.native(), failure);
  if (failure)
    return fail(Code::invalid,
                "the TLS certificate " + files.certificate.native() + " cannot be used: " + failure.message());
  context->use_private_key_file(files.key.native(), asio::ssl::context::pem, failure);
  if (failure)
    return fail(Code::invalid, "the TLS key " + files.key.native() + " cannot be used: " + failure.message());
  return context;
}

// A socket for both families sees an IPv4 address inside of an IPv6 one.
asio::ip::address plain(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = plain(endpoint.address());
  const std::string text = address.to_string();
  return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& io, Limits limits, Handlers handlers) : context(io), sweep_timer(io), empty(io) {
    shared = std::make_shared<ServerShared>(io);
    shared->limits = limits;
    shared->limits.connections = connections_within_descriptors(limits.connections);
    shared->handlers = std::move(handlers);
    empty.expires_at(Clock::time_point::max());
    const auto& l = shared->limits;
    const auto shortest = std::min({l.head, l.idle, l.body_grace, l.write});
    sweep_every = std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(1000));
  }

  template <typename Acceptor>
  asio::awaitable<void> accept(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<asio::ssl::context> tls) {
    const auto self = this->shared_from_this();
    while (acceptor->is_open()) {
      typename Acceptor::protocol_type::socket socket(context);
      auto [failure] = co_await acceptor->async_accept(socket, k_tuple);
      if (failure == asio::error::operation_aborted || !acceptor->is_open()) co_return;
      if (failure) {  // out of descriptors or memory: room comes when connections end
        make_room();
        asio::steady_timer pause(context, std::chrono::milliseconds(100));
        auto [ignored] = co_await pause.async_wait(k_tuple);
        static_cast<void>(ignored);
        continue;
      }
      Ends ends;
      ErrorCode ignored;
      if constexpr (std::is_same_v<typename Acceptor::protocol_type, tcp>) {
        socket.set_option(tcp::no_delay(true), ignored);
        const auto remote = socket.remote_endpoint(ignored);
        if (!ignored) ends.peer = plain(remote.address()).to_string();
        const auto local = socket.local_endpoint(ignored);
        if (!ignored) ends.local = text_of(local);
      } else if (!is_own_peer_or_root(socket.native_handle())) {
        log::warn("a process of another user spoke to the private socket and was not answered");
        continue;
      }
      start(StreamSocket(std::move(socket)), tls, std::move(ends));
    }
  }

  void start(StreamSocket socket, std::shared_ptr<asio::ssl::context> tls, Ends ends) {
    if (connections.size() >= shared->limits.connections && !make_room()) return;  // all are at work
    auto connection = std::make_shared<Connection>(std::move(socket), std::move(tls), shared, std::move(ends));
    connections.insert(connection);
    if (!sweeping) sweep();
    auto gone = [self = shared_from_this(), connection](const std::exception_ptr& thrown) {
      // One connection's bug is not the end of all the others.
      if (const std::string bug = bug_of(thrown); !bug.empty()) log::error("a connection failed: {}", bug);
      self->connections.erase(connection);
      if (self->connections.empty()) self->empty.cancel();
    };
    asio::co_spawn(context, connection->run(),
                   asio::bind_cancellation_slot(connection->cancellation(), std::move(gone)));
  }

  // Closes the connection without a handler that has been silent longest. False: every one has a handler.
  bool make_room() {
    std::shared_ptr<Connection> oldest;
    for (const auto& connection : connections)
      if (!connection->handling() && (!oldest || connection->quiet_since() < oldest->quiet_since()))
        oldest = connection;
    ++refused;
    if (!oldest) return false;
    connections.erase(oldest);
    oldest->close();
    return true;
  }

  // One timer for all deadlines: a timer per connection would cost more than it gives.
  void sweep() {
    sweeping = true;
    sweep_timer.expires_after(sweep_every);
    sweep_timer.async_wait([weak = weak_from_this()](ErrorCode cancelled) {
      const auto self = weak.lock();
      if (cancelled || !self) return;
      const auto now = Clock::now();
      const auto all = self->connections;
      for (const auto& connection : all)
        if (connection->deadline() <= now) connection->close();
      self->sweeping = false;
      if (!self->connections.empty()) self->sweep();
    });
  }

  void close_listeners() {
    for (const auto& acceptor : tcp_acceptors) acceptor->close();
    for (const auto& acceptor : local_acceptors) acceptor->close();
    tcp_acceptors.clear();
    local_acceptors.clear();
    for (const auto& path : socket_files) {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
    socket_files.clear();
  }

  asio::io_context& context;
  std::shared_ptr<ServerShared> shared;
  std::set<std::shared_ptr<Connection>> connections;
  std::vector<std::shared_ptr<tcp::acceptor>> tcp_acceptors;
  std::vector<std::shared_ptr<Local::acceptor>> local_acceptors;
  std::vector<fs::path> socket_files;
  std::vector<std::string> addresses;
  asio::steady_timer sweep_timer, empty;
  std::chrono::milliseconds sweep_every{1000};
  bool sweeping = false;
  std::uint64_t refused = 0;
};

Server::Server(asio::io_context& context, Limits limits, Handlers handlers)
    : impl_(std::make_shared<Impl>(context, limits, std::move(handlers))) {}

Server::~Server() {
  impl_->close_listeners();
  impl_->sweep_timer.cancel();
  const auto all = impl_->connections;
  for (const auto& connection : all) connection->close();
}

Result<std::uint16_t> Server::listen_tcp(const std::string& host, std::uint16_t port, const TlsFiles* tls) {
  std::shared_ptr<asio::ssl::context> secure;
  if (tls) {
    EAI_TRY(secure, tls_context(*tls));
  }
  EAI_TRY(Listeners found, open_listeners(impl_->context, host, port));
  for (const std::string& why : found.left_out) log::info("not listening on {}", why);
  for (tcp::acceptor& socket : found.sockets) {
    ErrorCode ignored;
    impl_->addresses.push_back(socket.local_endpoint(ignored).address().to_string());
    auto acceptor = std::make_shared<tcp::acceptor>(std::move(socket));
    impl_->tcp_acceptors.push_back(acceptor);
    asio::co_spawn(impl_->context, impl_->accept(acceptor, secure), Unawaited("a listener"));
  }
  return found.port;
}

Result<void> Server::listen_unix(const fs::path& path) {
  if (path.native().size() >= sizeof(sockaddr_un::sun_path))
    return fail(Code::invalid, "the socket path is too long: " + path.native());
  std::error_code ignored;
  fs::remove(path, ignored);
  auto acceptor = std::make_shared<Local::acceptor>(impl_->context);
  ErrorCode failure;
  acceptor->open(Local(), failure);
  // Linux takes the mode of a socket file from the descriptor at bind, so it is 0600 from the first moment; elsewhere
  // the folder's 0700 holds until chmod has run.
  if (!failure) fchmod(acceptor->native_handle(), 0600);
  if (!failure) acceptor->bind(Local::endpoint(path.native()), failure);
  if (!failure && chmod(path.c_str(), 0600) != 0) failure.assign(errno, boost::system::system_category());
  if (!failure) acceptor->listen(asio::socket_base::max_listen_connections, failure);
  if (failure) return fail(Code::io, "cannot listen on " + path.native() + ": " + failure.message());
  impl_->socket_files.push_back(path);
  impl_->local_acceptors.push_back(acceptor);
  asio::co_spawn(impl_->context, impl_->accept(acceptor, nullptr), Unawaited("a listener"));
  return {};
}

std::vector<std::string> Server::addresses() const { return impl_->addresses; }
std::size_t Server::connections() const { return impl_->connections.size(); }
std::size_t Server::running() const { return impl_->shared->running; }
std::uint64_t Server::refused_connections() const { return impl_->refused; }

asio::awaitable<void> Server::stop(std::chrono::milliseconds grace) {
  const auto impl = impl_;
  impl->close_listeners();
  impl->shared->stopping = true;
  const auto idle = impl->connections;
  for (const auto& connection : idle) connection->retire();
  impl->empty.expires_after(grace);
  while (!impl->connections.empty() && impl->empty.expiry() > Clock::now()) {
    auto [ignored] = co_await impl->empty.async_wait(k_tuple);
    static_cast<void>(ignored);
  }
  const auto left = impl->connections;
  for (const auto& connection : left) connection->close();
  impl->empty.expires_at(Clock::time_point::max());
  while (!impl->connections.empty()) {
    auto [ignored] = co_await impl->empty.async_wait(k_tuple);
    static_cast<void>(ignored);
  }
}

}  // namespace eai::http
