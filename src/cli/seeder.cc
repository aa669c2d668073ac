#include "cli/seeder.h"

#include <algorithm>
#include <ctime>
#include <future>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "http/listeners.h"
#include "http/server.h"
#include "share/share.h"
#include "util/log.h"
#include "util/step_back.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::seconds k_look_again{30};
constexpr std::uint64_t k_far_rate = 20'000'000;  // bytes per second to addresses of the internet

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::system_clock::to_time_t(time);
}

// What can be told of a seed without looking into it, from any thread.
struct Named {
  std::string name, hash;
  std::uint64_t size = 0;
  bool is_shared = true;  // still
};

// All that was ever named; the place of one is its number for as long as the seeder lives.
class Names {
 public:
  std::vector<std::size_t> number(const library::Seed& seed) {
    const std::lock_guard hold(mutex_);
    for (Named& one : all_) one.is_shared = false;
    std::vector<std::size_t> out;
    for (const auto& item : seed.items) {
      const auto same = [&](const Named& one) {
        return one.hash == item.hash && (!item.hash.empty() || one.name == item.name);
      };
      const auto known = std::ranges::find_if(all_, same);
      out.push_back(static_cast<std::size_t>(known - all_.begin()));
      if (known == all_.end()) all_.emplace_back();
      all_[out.back()] = {item.name, item.hash, item.shelf->size(), true};
    }
    return out;
  }
  void note(std::size_t number, bool is_shared) {
    const std::lock_guard hold(mutex_);
    all_[number].is_shared = is_shared;
  }
  std::vector<Named> copy() const {
    const std::lock_guard hold(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Named> all_;
};

// What a person has named, as the room `share` takes it.
class SeedSource final : public share::BlockSource {
 public:
  SeedSource(library::Seed seed, Names& names) : names_(names) { replace(std::move(seed)); }

  Result<share::Found> block(const ipld::Cid& cid) override {
    return first_of([&](store::Shelf& shelf) { return shelf.block(cid); });
  }
  std::optional<std::uint64_t> file_size(const ipld::Cid& root) override {
    for (const auto& item : seed_.items)
      if (const auto size = item.shelf->file_size(root)) return size;
    return std::nullopt;
  }
  Result<share::Found> file_part(const ipld::Cid& root, std::uint64_t offset) override {
    return first_of([&](store::Shelf& shelf) { return shelf.file_part(root, offset); });
  }
  std::optional<Bytes> record(const ipld::IpnsName& name) override {
    const auto found = seed_.records.find(name.str());
    return found == seed_.records.end() ? std::nullopt : std::optional(found->second);
  }
  std::uint64_t size(std::size_t of) const override {
    for (std::size_t i = 0; i < seed_.items.size(); ++i)
      if (numbers_[i] == of) return seed_.items[i].shelf->size();
    return 0;
  }

  void replace(library::Seed seed) {
    seed_ = std::move(seed);
    numbers_ = names_.number(seed_);
  }
  void look_again() {
    // What is gone may come back: a model that is being mended, a CAR on a stick.
    for (std::size_t i = 0; i < seed_.items.size(); ++i) names_.note(numbers_[i], seed_.items[i].shelf->look_again());
  }

 private:
  // Of several that have it, one may be damaged and another well.
  template <typename Ask>
  Result<share::Found> first_of(const Ask& ask) {
    Error error{Code::not_found, "not shared here"};
    for (std::size_t i = 0; i < seed_.items.size(); ++i) {
      auto found = ask(*seed_.items[i].shelf);
      if (found) return share::Found{*std::move(found), numbers_[i]};
      if (found.error().code != Code::not_found) error = std::move(found).error();
    }
    return Failure(std::move(error));
  }

  Names& names_;
  library::Seed seed_;
  std::vector<std::size_t> numbers_;  // of the items
};

share::ShareOptions options_of(const ShareSettings& settings, bool is_exposed) {
  share::ShareOptions out;
  out.hosts.names = settings.allow_hosts;
  out.hosts.names.push_back(lower(settings.host));
  if (is_exposed) {
    out.hosts.reach = http::Reach::network;
    for (std::string& name : http::machine_names()) out.hosts.names.push_back(std::move(name));
  }
  if (settings.anyone) out.clients = share::Clients::anyone;
  out.limits.rate = settings.rate.bytes;
  out.limits.far_rate = k_far_rate;
  return out;
}

}  // namespace

struct Seeder::Impl {
  Impl(library::Seed seed, const ShareSettings& settings, bool is_exposed)
      : source(std::move(seed), names),
        share(context, source, options_of(settings, is_exposed)),
        server(context, share::listener_limits(), share.handlers()) {}

  void look_again_later() {
    timer.expires_after(k_look_again);
    timer.async_wait([this](boost::system::error_code error) {
      if (error) return;
      source.look_again();
      look_again_later();
    });
  }

  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::steady_timer timer{context};
  Names names;
  SeedSource source;
  share::Share share;
  http::Server server;
  std::optional<http::Server> teller;
  std::string url;
  std::int64_t started = std::time(nullptr);
  std::thread thread;
};

Seeder::Seeder() = default;

Result<std::unique_ptr<Seeder>> Seeder::start(library::Seed seed, const ShareSettings& settings) {
  EAI_TRY(const auto addresses, http::listen_addresses(settings.host));
  std::unique_ptr<Seeder> out(new Seeder);
  out->impl_ = std::make_unique<Impl>(std::move(seed), settings, !http::are_loopback(addresses));
  Impl& impl = *out->impl_;
  auto port = impl.server.listen_tcp(settings.host, static_cast<std::uint16_t>(settings.port));
  if (!port) return Failure(std::move(port).error().with("sharing models"));
  const std::string host = impl.server.addresses().front();
  impl.url = "http://" + (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(*port);
  impl.look_again_later();
  impl.thread = std::thread([&impl] {
    step_back();
    while (!impl.context.stopped()) {
      try {
        impl.context.run();
      } catch (const std::exception& thrown) {  // one answer fails, and the others go on
        log::error("sharing: {}", thrown.what());
      }
    }
  });
  return out;
}

Seeder::~Seeder() {
  if (!impl_ || !impl_->thread.joinable()) return;
  impl_->context.stop();
  impl_->thread.join();
}

Result<void> Seeder::tell_at(const fs::path& socket) {
  http::Handlers handlers;
  handlers.handle = [this](const http::Incoming&, http::Outgoing& out) -> asio::awaitable<void> {
    const http::Reply reply{
        200, {{"content-type", "application/json"}}, json::serialize(json::object{{"share", status()}})};
    co_await out.send(reply);
  };
  handlers.refuse = [](const http::Incoming&, int status, std::string_view why) {
    return http::Reply{status, {}, std::string(why)};
  };
  std::promise<Result<void>> told;
  asio::post(impl_->context, [&] {
    impl_->teller.emplace(impl_->context, http::Limits{}, std::move(handlers));
    told.set_value(impl_->teller->listen_unix(socket));
  });
  return told.get_future().get();
}

void Seeder::replace(library::Seed seed) {
  auto fresh = std::make_shared<library::Seed>(std::move(seed));
  asio::post(impl_->context, [impl = impl_.get(), fresh] { impl->source.replace(std::move(*fresh)); });
}

std::string Seeder::url() const { return impl_->url; }

json::object Seeder::status() const {
  const std::vector<Named> named = impl_->names.copy();
  const share::Given given = impl_->share.given();
  json::array models, to;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const Named& one = named[i];
    if (!one.is_shared) continue;
    const share::Given::Of of = i < given.of.size() ? given.of[i] : share::Given::Of{};
    models.push_back(json::object{
        {"name", one.name}, {"hash", one.hash}, {"size", one.size}, {"answers", of.answers}, {"bytes", of.bytes}});
  }
  for (const auto& [address, taken] : given.to) {
    to.push_back(json::object{
        {"address", address}, {"answers", taken.answers}, {"bytes", taken.bytes}, {"last", seconds_of(taken.last)}});
  }
  return {{"url", impl_->url},        {"started", impl_->started},  {"answers", given.answers},
          {"bytes", given.bytes},     {"not_here", given.not_here}, {"refused", given.refused},
          {"put_off", given.put_off}, {"damaged", given.damaged},   {"models", std::move(models)},
          {"to", std::move(to)}};
}

std::string Seeder::metrics() const {
  const std::vector<Named> named = impl_->names.copy();
  const share::Given given = impl_->share.given();
  std::string out;
  const auto plain = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name, help, value);
  };
  plain("eai_share_answers_total", "Blocks, CARs and files that were given to others.", given.answers);
  plain("eai_share_not_here_total", "Requests for what is not shared here.", given.not_here);
  plain("eai_share_refused_total", "Requests that were refused.", given.refused);
  plain("eai_share_put_off_total", "Requests that were put off because too much was being given.", given.put_off);
  plain("eai_share_damaged_total", "Blocks that were not given because their bytes had changed.", given.damaged);
  out += "# HELP eai_share_bytes_total Bytes that were given to others.\n# TYPE eai_share_bytes_total counter\n";
  std::uint64_t cars = 0;  // their names are paths of this machine
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::uint64_t bytes = i < given.of.size() ? given.of[i].bytes : 0;
    if (named[i].hash.empty())
      cars += bytes;
    else
      out += fmt::format("eai_share_bytes_total{{model=\"{}\"}} {}\n", named[i].hash, bytes);
  }
  out += fmt::format("eai_share_bytes_total{{model=\"\"}} {}\n", cars);
  return out;
}

}  // namespace eai::cli
