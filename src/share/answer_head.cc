#include "share/answer_head.h"

#include <array>

#include "ipld/hash.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::share {
namespace {

constexpr std::size_t k_room = 1800;  // bytes; what the server adds to a head fits into the rest of 2 KiB
constexpr std::string_view k_hex = "0123456789ABCDEF";

struct FormWords {
  std::string_view type, ending, name;
};

FormWords words_of(const Ask& ask) {
  switch (ask.form) {
    case Form::raw:
      return {"application/vnd.ipld.raw", ".bin", "raw"};
    case Form::car:
      return {ask.duplicates == ipld::Duplicates::yes ? "application/vnd.ipld.car; version=1; order=dfs; dups=y"
                                                      : "application/vnd.ipld.car; version=1; order=dfs; dups=n",
              ".car", "car"};
    case Form::record:
      return {"application/vnd.ipfs.ipns-record", ".ipns-record", "ipns-record"};
    case Form::file:
      break;
  }
  return {"application/octet-stream", ".bin", ""};
}

// In ASCII for old clients, each other letter replaced; and as it is, encoded.
std::string disposition(const Ask& ask, std::string_view ending) {
  if (ask.filename.empty()) return "attachment; filename=\"" + ask.root.str() + std::string(ending) + "\"";
  std::string plain, encoded;
  for (std::string_view rest = ask.filename; !rest.empty();) {
    const Letter letter = first_letter(rest);
    const char first = rest.front();
    const bool is_plain = letter.length == 1 && first >= ' ' && first < 0x7f;
    plain += is_plain && first != '"' && first != '\\' && first != '/' ? first : '_';
    rest.remove_prefix(letter.length);
  }
  for (const char each : ask.filename) {
    const auto byte = static_cast<unsigned char>(each);
    const bool safe = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                      byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (safe)
      encoded += each;
    else
      encoded.append({'%', k_hex[byte >> 4U], k_hex[byte & 15U]});
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + encoded;
}

// What of a request other than its root decides about a CAR.
std::string car_key(const Ask& ask) {
  std::string out =
      ask.named + "?" + std::to_string(static_cast<int>(ask.scope)) + std::to_string(static_cast<int>(ask.duplicates));
  if (ask.bytes)
    out += ":" + std::to_string(ask.bytes->from) + ":" + (ask.bytes->to ? std::to_string(*ask.bytes->to) : "*");
  const ipld::Sha256 digest = ipld::sha256(view_of(out));
  return to_hex(ByteView(digest).first(8));
}

void add_if_it_fits(http::HeaderList& head, std::string name, std::string value) {
  std::size_t size = name.size() + value.size() + 4;
  for (const auto& [one, text] : head) size += one.size() + text.size() + 4;
  if (size <= k_room && !value.empty()) head.emplace_back(std::move(name), std::move(value));
}

http::HeaderList safety() {
  return {{"X-Content-Type-Options", "nosniff"}, {"Cross-Origin-Resource-Policy", "same-origin"}};
}

}  // namespace

std::string tag_of(const Ask& ask) {
  const std::string root = ask.root.str();
  if (ask.form == Form::car) return "W/\"" + root + ".car." + car_key(ask) + "\"";
  const std::string path = ask.path.empty() ? "" : "." + car_key(ask);
  return "\"" + root + path + (ask.form == Form::raw ? ".raw\"" : "\"");
}

http::HeaderList head_of(const Ask& ask, const std::vector<ipld::Cid>& roots) {
  const FormWords words = words_of(ask);
  http::HeaderList out = safety();
  out.emplace_back("Content-Type", words.type);
  out.emplace_back("Content-Disposition", disposition(ask, words.ending));
  out.emplace_back("Etag", tag_of(ask));
  out.emplace_back("Cache-Control", "public, max-age=29030400, immutable");
  out.emplace_back("Accept-Ranges", ask.form == Form::car ? "none" : "bytes");
  if (ask.by_accept || ask.any_form || ask.form == Form::file) out.emplace_back("Vary", "Accept");
  // The rest is of use, and left out where it does not fit.
  std::string names;
  for (const ipld::Cid& root : roots) names += (names.empty() ? "" : ",") + root.str();
  add_if_it_fits(out, "X-Ipfs-Path", http::header_safe("/ipfs/" + ask.named, k_room));
  add_if_it_fits(out, "X-Ipfs-Roots", names);
  if (ask.by_accept) {
    const std::string more = ask.query.empty() ? "" : "&" + ask.query;
    add_if_it_fits(out, "Content-Location",
                   http::header_safe("/ipfs/" + ask.named + "?format=" + std::string(words.name) + more, k_room));
  }
  return out;
}

http::HeaderList record_head(const Ask& ask, ByteView record, std::chrono::seconds ttl) {
  const FormWords words = words_of(ask);
  http::HeaderList out = safety();
  const ipld::Sha256 digest = ipld::sha256(record);
  out.emplace_back("Content-Type", words.type);
  out.emplace_back("Content-Disposition", disposition(ask, words.ending));
  out.emplace_back("Etag", "\"" + to_hex(ByteView(digest).first(16)) + "\"");
  out.emplace_back("Cache-Control", "public, max-age=" + std::to_string(ttl.count()));
  add_if_it_fits(out, "X-Ipfs-Path", http::header_safe("/ipns/" + ask.named, k_room));
  return out;
}

http::Reply refusal_reply(const Refusal& refusal) {
  http::Reply out{refusal.status, safety(), refusal.why + "\n"};
  out.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (refusal.status == 405) out.headers.emplace_back("Allow", "GET, HEAD");
  if (refusal.status == 429) out.headers.emplace_back("Retry-After", "1");
  return out;
}

}  // namespace eai::share
