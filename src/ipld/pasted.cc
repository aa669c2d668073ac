#include "ipld/pasted.h"

#include <algorithm>
#include <array>
#include <string>

#include "util/text.h"

namespace eai::ipld {
namespace {

// No CID and no link begins or ends with any of these; those that are not ASCII are in UTF-8.
constexpr std::array<std::string_view, 26> k_around = {" ",
                                                       "\t",
                                                       "\r",
                                                       "\n",
                                                       "\v",
                                                       "\f",
                                                       "\"",
                                                       "'",
                                                       "`",
                                                       "<",
                                                       ">",
                                                       "(",
                                                       ")",
                                                       "\xc2\xa0",
                                                       "\xe2\x80\x8b",
                                                       "\xef\xbb\xbf",
                                                       "\xe2\x80\x9c",
                                                       "\xe2\x80\x9d",
                                                       "\xe2\x80\x9e",
                                                       "\xe2\x80\x98",
                                                       "\xe2\x80\x99",
                                                       "\xc2\xab",
                                                       "\xc2\xbb",
                                                       "\xe2\x80\xa8",
                                                       "\xe2\x81\xa0",
                                                       "\xe3\x80\x80"};
constexpr std::array<std::string_view, 3> k_behind = {".", ",", ";"};

constexpr std::string_view k_forms = "a link to a model has the form ipfs://<hash> or https://<gateway>/ipfs/<hash>";

// A long line that was broken on its way here.
std::string on_one_line(std::string_view text) {
  std::string out;
  bool broken = false;
  for (const char c : text) {
    broken = c == '\n' || c == '\r' || (broken && (c == ' ' || c == '\t'));
    if (!broken) out += c;
  }
  return out;
}

Failure can_change(std::string_view link) {
  return fail(Code::invalid,
              printable(link, 200) +
                  " is an IPNS name, which its owner can point to other bytes; use the hash that it points to now");
}

// "<cid>", "<cid>/", "<cid>?download=true".
Result<Cid> take_cid(std::string_view piece, std::string_view link) {
  const std::string_view text = piece.substr(0, piece.find_first_of("/?#"));
  std::string_view behind = piece.substr(text.size());
  if (text.empty())
    return fail(Code::invalid, printable(link, 200) + " does not contain a hash; " + std::string(k_forms));
  EAI_TRY(Cid cid, Cid::parse(text));
  if (const auto mark = behind.find('#'); mark != std::string_view::npos) {
    // A page that shows other content than the one it is made of.
    if (behind.substr(mark + 1).find('/') != std::string_view::npos)
      return fail(Code::invalid, printable(link, 200) + " leads to a page, not to a model; " + std::string(k_forms));
    behind = behind.substr(0, mark);
  }
  behind = behind.substr(0, behind.find('?'));
  while (behind.starts_with('/')) behind.remove_prefix(1);
  if (behind.empty()) return cid;
  return fail(Code::invalid, "the link leads to \"" + printable(behind, 100) + "\" inside " + cid.str() +
                                 "; a model is named by a hash alone, without a path behind it");
}

// "dweb.link/ipfs/<cid>" or "<cid>.ipfs.dweb.link", without a scheme.
Result<Cid> take_from_web(std::string_view address, std::string_view link) {
  const std::string host = lower(address.substr(0, address.find_first_of("/?#")));
  const std::string_view behind = address.substr(host.size());
  if (const auto dot = host.find(".ipfs."); dot != std::string::npos) {
    std::string piece = host.substr(0, dot);
    return take_cid(piece.append(behind), link);
  }
  if (host.find(".ipns.") != std::string::npos) return can_change(link);
  const std::string_view path = behind.substr(0, behind.find_first_of("?#"));
  if (const auto at = path.find("/ipfs/"); at != std::string_view::npos) return take_cid(behind.substr(at + 6), link);
  if (path.find("/ipns/") != std::string_view::npos) return can_change(link);
  return fail(Code::invalid, printable(link, 200) + " does not contain a hash; " + std::string(k_forms));
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (lower(text.substr(0, prefix.size())) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string_view without_wrapping(std::string_view text) {
  for (std::size_t before = text.size() + 1; text.size() < before;) {
    before = text.size();
    for (const std::string_view sign : k_around) {
      if (text.starts_with(sign)) text.remove_prefix(sign.size());
      if (text.ends_with(sign)) text.remove_suffix(sign.size());
    }
    for (const std::string_view sign : k_behind) {
      if (text.ends_with(sign)) text.remove_suffix(sign.size());
    }
  }
  return text;
}

bool is_link(std::string_view text) {
  text = without_wrapping(text);
  for (const std::string_view prefix : {"ipfs:", "ipns:", "dweb:", "/ipfs/", "/ipns/", "http://", "https://"}) {
    if (std::string_view rest = text; take_prefix(rest, prefix)) return true;
  }
  const bool may_be = text.find('/') != std::string_view::npos || text.find(".ipfs.") != std::string_view::npos;
  return may_be && parse_pasted(text).has_value();
}

Result<Cid> parse_pasted(std::string_view text) {
  const std::string line = on_one_line(without_wrapping(text));
  std::string_view rest = line;
  if (take_prefix(rest, "http://") || take_prefix(rest, "https://")) return take_from_web(rest, line);
  const bool schemed = take_prefix(rest, "web+ipfs:") || take_prefix(rest, "ipfs:") || take_prefix(rest, "dweb:");
  if (!schemed && (take_prefix(rest, "ipns:") || take_prefix(rest, "/ipns/"))) return can_change(line);
  if (schemed || rest.starts_with('/') || take_prefix(rest, "ipfs/")) {
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (take_prefix(rest, "ipns/")) return can_change(line);
    take_prefix(rest, "ipfs/");
    return take_cid(rest, line);
  }
  if (auto cid = Cid::parse(rest)) return cid;  // in base64 it may contain slashes
  const bool hash_first = Cid::parse(rest.substr(0, rest.find('/'))).has_value();
  const bool has_host = rest.find('/') != std::string_view::npos || rest.find(".ipfs.") != std::string_view::npos;
  return has_host && !hash_first ? take_from_web(rest, line) : take_cid(rest, line);
}

}  // namespace eai::ipld
