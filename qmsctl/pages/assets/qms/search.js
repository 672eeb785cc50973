// Finds steps, forms, sections and terms in the index that lies beside the pages, and shows them under every search box
// and on the page of all hits. It reads only the pieces a question needs; without it the registers are one click away.
(function () {
  "use strict";
  var root = document.documentElement;
  var language = root.lang || "en";
  var SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  var VALUE = new Map(SIGNS.split("").map(function (sign, at) { return [sign, at]; }));

  // --- pieces of the index -------------------------------------------------------------------------------------------

  var waiting = new Map(), pieces = new Map(), start = null, starting = null;

  window.qmsSearchLoad = function (name, value) {
    var wait = waiting.get(name);
    if (wait) { wait(value); }
  };
  function folder() { return (root.dataset.base || ".") + "/assets/search/" + language + "/"; }
  function read(name, address) {
    return new Promise(function (done, failed) {
      var script = document.createElement("script");
      waiting.set(name, function (value) { script.given = true; done(value); });
      script.onload = function () { script.remove(); if (!script.given) { failed(new Error(name)); } };
      script.onerror = function () { script.remove(); failed(new Error(name)); };
      script.src = address;
      document.head.appendChild(script);
    });
  }
  // The first file is asked for anew each minute, and at once when a piece is gone. The others are named after what they
  // hold: so no cache mixes two builds, and what did not change is not read again.
  function open(anew) {
    if (!starting || anew) {
      starting = read("start", folder() + "start.js?at=" + (anew ? Date.now() : Math.floor(Date.now() / 60000))).then(prepare);
      starting.catch(function () { starting = null; });
    }
    return starting;
  }
  function prepare(data) {
    start = data;
    start.list = start.firsts.split(" ");
    start.stops = new Set(start.stop.split(" "));
    return start;
  }
  // The piece with a number among those whose names stand one after the other in a text.
  function nth(names, at) { return names.slice(at * start.name, (at + 1) * start.name); }
  function piece(name) {
    if (!pieces.has(name)) {
      var asked = read(name, folder() + name + ".js");
      pieces.set(name, asked);
      asked.catch(function () { pieces.delete(name); });
    }
    return pieces.get(name);
  }
  function numberAt(text, from) {
    var value = 0, scale = 1, sign = VALUE.get(text[from.at++]);
    while (sign > 31) { value += (sign - 32) * scale; scale *= 32; sign = VALUE.get(text[from.at++]); }
    return value + sign * scale;
  }
  // Postings: for each unit the step from the one before, then place and level of its entries; the last place is 32 higher.
  function unpacked(text) {
    var from = { at: 0 }, slot = -1, entries = [], levels = [], place;
    while (from.at < text.length) {
      slot += numberAt(text, from);
      do {
        place = VALUE.get(text[from.at++]);
        entries.push(slot * start.room + place % start.room);
        levels.push(VALUE.get(text[from.at++]));
      } while (place < start.room);
    }
    return { entries: entries, levels: levels };
  }
  // Calls with each value of a row: twice its number, one more where the number of its repetitions follows.
  function unrun(text, each) {
    var from = { at: 0 }, often, which;
    while (from.at < text.length) {
      which = numberAt(text, from);
      often = which % 2 ? numberAt(text, from) : 1;
      while (often--) { each(which >> 1); }
    }
  }
  // What entries are under each facet: by entry the kind, by unit the process and the locations.
  function spread(data) {
    var slots = [], from = { at: 0 }, slot = 0;
    while (from.at < data.slots.length) {
      slot += numberAt(data.slots, from);
      for (var often = numberAt(data.slots, from); often; often -= 1) { slots.push(slot++); }
    }
    data.kinds = new Uint16Array(start.slots * start.room);
    data.processOf = new Uint16Array(start.slots);
    data.groupOf = new Uint16Array(start.slots);
    [[data.patterns, function (which, unit) {
      var entry = unit * start.room;
      unrun(data.pattern[which], function (kind) { data.kinds[entry++] = kind; });
    }], [data.processes, function (which, unit) { data.processOf[unit] = which; }], [data.groups, function (which, unit) { data.groupOf[unit] = which; }]].forEach(function (row) {
      var at = 0;
      unrun(row[0], function (which) { row[1](which, slots[at++]); });
    });
  }

  // --- words: the same as in words.py ----------------------------------------------------------------------------------

  var UMLAUTS = { "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss" };
  function folded(text) {
    var known = text.toLowerCase().normalize("NFC").replace(/[äöüß]/g, function (sign) { return UMLAUTS[sign]; });
    return known.normalize("NFKD").toLowerCase().replace(/\p{Mn}/gu, "");
  }
  function wordsOf(text) {
    var plain = folded(text);
    var joined = (plain.match(/[\p{L}\p{Nl}\p{No}]+(?:-[\p{L}\p{Nl}\p{No}]+)+/gu) || []).map(function (word) { return word.replace(/-/g, ""); });
    return (plain.match(/[0-9]+(?:\.[0-9]+)+|[\p{L}\p{N}]+/gu) || []).concat(joined).map(function (word) {
      return word.length > start.longest ? Array.from(word).slice(0, start.longest).join("") : word;
    });
  }
  function stem(word) {
    if (/[0-9]/.test(word)) { return word; }
    start.endings.forEach(function (endings) {
      var fits = endings.find(function (rule) {
        if (!word.endsWith(rule[0])) { return false; }
        var rest = word.slice(0, word.length - rule[0].length);
        return Array.from(rest).length >= rule[2] && (!rule[3] || /[aeiouy]/.test(rest));
      });
      if (fits) { word = word.slice(0, word.length - fits[0].length) + fits[1]; }
    });
    return word;
  }
  function idTerm(ref) {
    var plain = folded(ref).trim().replace(/\s+/g, "-");
    if (/^[a-z]+[0-9]+$/.test(plain)) { plain = plain.replace(/([a-z])(?=[0-9])/g, "$1-"); }
    return "=" + plain.replace(/(^|[^0-9.])0+(?=[0-9])/g, "$1").slice(0, start.longest * 2);
  }

  // --- looking words up --------------------------------------------------------------------------------------------------

  function shardOf(term) {
    var low = 0, high = start.list.length - 1;
    while (low < high) {
      var middle = (low + high + 1) >> 1;
      if (start.list[middle] <= term) { low = middle; } else { high = middle - 1; }
    }
    return low;
  }
  function shard(number) {
    return piece(nth(start.shards, number)).then(function (data) {
      if (!data.terms) { data.terms = data[0].split(" "); data.texts = data[1].split(" "); data.known = new Map(); }
      return data;
    });
  }
  function firstAtLeast(list, term) {
    var low = 0, high = list.length;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (list[middle] < term) { low = middle + 1; } else { high = middle; }
    }
    return low;
  }
  function postings(data, at) {
    if (!data.known.has(at)) { data.known.set(at, unpacked(data.texts[at])); }
    return data.known.get(at);
  }
  // Resolves to where a term stands: [shard, place in it, factor], none if it is not known.
  function exactly(term, factor) {
    return shard(shardOf(term)).then(function (data) {
      var at = firstAtLeast(data.terms, term);
      return data.terms[at] === term ? [[data, at, factor]] : [];
    });
  }
  // Words that begin so: what a reader is still typing.
  function beginning(word, most) {
    var first = shardOf(word), last = Math.min(shardOf(word + "\uffff"), first + 1);
    return Promise.all(first === last ? [shard(first)] : [shard(first), shard(last)]).then(function (found) {
      var out = [];
      found.forEach(function (data) {
        for (var at = firstAtLeast(data.terms, word); at < data.terms.length && data.terms[at].startsWith(word); at += 1) {
          out.push([data, at, data.terms[at].length - word.length]);
        }
      });
      out.sort(function (a, b) { return a[2] - b[2]; });
      return out.slice(0, most).map(function (row) { return [row[0], row[1], row[2] > 4 ? 0.6 : 0.8]; });
    });
  }
  // A word typed so far may be longer than what it is kept as: "inspecti" for "inspect".
  function shorter(word) {
    return shard(shardOf(word)).then(function (data) {
      for (var length = word.length - 1; length >= Math.max(4, word.length - 4); length -= 1) {
        var at = firstAtLeast(data.terms, word.slice(0, length));
        if (data.terms[at] === word.slice(0, length)) { return [[data, at, 0.8]]; }
      }
      return [];
    });
  }
  function spelling() {
    return piece(start.spelling).then(function (text) {
      if (!start.spelled) {
        var last = "";
        start.spelled = text ? text.split(" ").map(function (row) { last = last.slice(0, VALUE.get(row[0])) + row.slice(1); return last; }) : [];
      }
      return start.spelled;
    });
  }
  // Typing errors between two words, a swap of neighbours counting once; most + 1 if there are more.
  function errors(a, b, most) {
    var before = [], row = [], next, i, j, least;
    for (j = 0; j <= b.length; j += 1) { row[j] = j; }
    for (i = 1; i <= a.length; i += 1) {
      next = [i];
      least = i;
      for (j = 1; j <= b.length; j += 1) {
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) { next[j] = Math.min(next[j], before[j - 2] + 1); }
        least = Math.min(least, next[j]);
      }
      if (least > most) { return most + 1; }
      before = row;
      row = next;
    }
    return row[b.length];
  }
  // Lets the browser do what waits: nothing here may hold it up.
  var TURN = 8;
  function breath(value) { return new Promise(function (done) { setTimeout(done, 0, value); }); }
  // Works on one row after the other, with a breath whenever that takes longer than a reader notices.
  function inTurn(rows, work) {
    var at = 0;
    return new Promise(function (done, failed) {
      function on() {
        var until = performance.now() + TURN;
        try {
          do { if (at < rows.length) { work(rows[at], at); } at += 1; } while (at < rows.length && performance.now() < until);
        } catch (error) { failed(error); return; }
        if (at < rows.length) { setTimeout(on, 0); } else { done(); }
      }
      on();
    });
  }
  function likeliest(word, most, count) {
    var found = [];
    return spelling().then(breath).then(function (list) {
      return inTurn(list, function (known) {
        if (Math.abs(known.length - word.length) > most) { return; }
        var far = errors(word, known, most);
        if (far <= most) { found.push([known, far + (known[0] === word[0] ? 0 : 0.5)]); }
      });
    }).then(function () {
      found.sort(function (a, b) { return a[1] - b[1] || (a[0] < b[0] ? -1 : 1); });
      return found.filter(function (row) { return row[1] <= found[0][1] + 0.5; }).slice(0, count);
    });
  }
  // Resolves to { found: [[shard, place, factor]], instead: word } of one word of a question.
  function lookUp(word, unfinished) {
    return exactly(stem(word), 1).then(function (exact) {
      var more = unfinished && word.length > 1 ? beginning(word, 40) : Promise.resolve([]);
      return more.then(function (prefixed) {
        var found = exact.concat(prefixed);
        if (found.length || word.length < 4) { return { found: found }; }
        return (unfinished ? shorter(word) : beginning(stem(word), 8)).then(function (near) {
          if (near.length) { return { found: near }; }
          return mended(word);
        });
      });
    });
  }
  function mended(word) {
    return likeliest(word, word.length >= 8 ? 2 : 1, 3).then(function (known) {
      if (!known.length) { return halved(word); }
      return Promise.all(known.map(function (row) { return exactly(stem(row[0]), row[1] > 1 ? 0.6 : 0.75); })).then(function (lists) {
        return { found: [].concat.apply([], lists), instead: known[0][0] };
      });
    });
  }
  // A German compound that stands nowhere is looked up by its halves.
  function halved(word) {
    if (language !== "de" || word.length < 9) { return { found: [] }; }
    return spelling().then(function (list) {
      var stems = new Set(list.map(stem));
      for (var at = word.length - 4; at > 3; at -= 1) {
        var left = [word.slice(0, at), word.slice(0, at).replace(/(?:es|en|s|n)$/, "")].map(stem).find(function (half) { return half.length > 3 && stems.has(half); });
        var right = stem(word.slice(at));
        if (left && stems.has(right)) {
          return Promise.all([exactly(left, 0.6), exactly(right, 0.6)]).then(function (lists) { return { found: lists[0].concat(lists[1]) }; });
        }
      }
      return { found: [] };
    });
  }

  // --- ranking -----------------------------------------------------------------------------------------------------------

  var LONGEST_QUESTION = 300, MOST_WORDS = 12, CANDIDATES = 14, SAME = 3, NEAR = 0.7;

  function idsIn(text) {
    var found = [idTerm(text)], plain = folded(text), match, shape = /(?:^|[^\p{L}\p{N}])([a-z]{2,8})[\s-]?([0-9]{1,6})(?:-([0-9]{1,6}))?(?![\p{L}\p{N}.])/gu;
    while ((match = shape.exec(plain)) !== null) { found.push(idTerm(match[1] + "-" + match[2] + (match[3] ? "-" + match[3] : ""))); }
    (plain.match(/[0-9]+(?:\.[0-9]+)+/g) || []).forEach(function (number) { found.push(idTerm(number)); });
    return Array.from(new Set(found));
  }
  function questionOf(text) {
    var plain = text.slice(0, LONGEST_QUESTION).trim();
    var all = wordsOf(plain), kept = all.filter(function (word) { return !start.stops.has(word); });
    return { text: plain, words: Array.from(new Set(kept)).slice(0, MOST_WORDS), last: all[all.length - 1] || "", open: /[\p{L}\p{N}]$/u.test(text) };
  }
  function concerned(role) {
    if (!role) { return Promise.resolve(null); }
    return piece(start.roles).then(function (data) {
      var at = data[0].split(" ").indexOf(role);
      return at < 0 ? null : piece(nth(data[1], at));
    }).then(function (data) {
      if (data && !data.theirs) { data.theirs = new Set(unpacked(data[0]).entries); }
      return data;
    });
  }
  // Resolves to { ranked: [[entry, score]], instead: {typed: word}, words: [stems to mark] }.
  function rank(text, options) {
    var asked = questionOf(text);
    var byId = Promise.all(idsIn(asked.text).map(function (id) { return exactly(id, 1); }));
    var byWord = Promise.all(asked.words.map(function (word) { return lookUp(word, Boolean(options.typing && asked.open && word === asked.last)); }));
    return Promise.all([byId, byWord, concerned(options.role || "")]).then(function (all) {
      var scores = new Map(), covered = new Map(), total = 0, instead = new Map(), ids = new Set(), ranked = [], role = all[2], jobs = [];
      all[1].forEach(function (found, at) {
        var best = new Map();
        found.found.forEach(function (row) { jobs.push(function () { gather(best, row); }); });
        if (found.instead) { instead.set(asked.words[at], found.instead); }
        jobs.push(function () {
          if (!best.size) { return; }
          var rare = Math.log(1 + start.count / best.size);
          total += rare;
          best.forEach(function (value, entry) {
            scores.set(entry, (scores.get(entry) || 0) + value * rare);
            covered.set(entry, (covered.get(entry) || 0) + rare);
          });
        });
      });
      all[0].forEach(function (found) {
        found.forEach(function (row) { postings(row[0], row[1]).entries.forEach(function (entry) { ids.add(entry); }); });
      });
      return breath().then(function () { return inTurn(jobs, function (job) { job(); }); }).then(breath).then(function () {
        ids.forEach(function (entry) { if (!scores.has(entry)) { scores.set(entry, 0); } });
        var most = 0;
        scores.forEach(function (score, entry) {
          var share = total ? (covered.get(entry) || 0) / total : 0, known = ids.has(entry);
          var value = score * Math.pow(share, 0.6) * (role && role.theirs.has(entry) ? 1.35 : 1);
          most = Math.max(most, known ? 1 : share);
          ranked.push([entry, known ? 1000 + value : value, known ? 1 : share]);
        });
        return breath(ranked.filter(function (row) { return row[2] >= most * 0.4; }));
      }).then(function (kept) {
        kept.sort(function (a, b) { return b[1] - a[1] || a[0] - b[0]; });
        var stems = asked.words.map(function (word) { return stem(instead.get(word) || word); });
        return { ranked: kept, instead: instead, words: stems, typed: options.typing ? asked.last : "", text: asked.text };
      });
    });
  }
  // Puts the entries of one row of a word under what they are worth at best.
  function gather(best, row) {
    var found = postings(row[0], row[1]);
    found.entries.forEach(function (entry, i) {
      var value = found.levels[i] / start.levels * row[2];
      if (!(best.get(entry) >= value)) { best.set(entry, value); }
    });
  }
  // Resolves to { first, name } of the file that shows an entry.
  function fileOf(entry) {
    var wide = start.span * start.room, span = Math.floor(entry / wide);
    return piece(nth(start.blocks, span)).then(function (data) {
      if (!data.files) {
        var from = { at: 0 }, first = span * wide;
        data.files = [];
        while (from.at < data[0].length) {
          first += numberAt(data[0], from);
          data.files.push({ first: first, name: span + "_" + data[0].slice(from.at, from.at += start.name) });
        }
      }
      return data.files.filter(function (file) { return file.first <= entry; }).pop();
    });
  }
  function shown(entry) {
    return fileOf(entry).then(function (file) {
      return piece(file.name).then(function (data) {
        var slot = Math.floor(entry / start.room), at = slot - Math.floor(file.first / start.room), page = data[at][0];
        var row = data[at][1][entry - (at ? slot * start.room : file.first)];
        return {
          entry: entry, kind: row[0], title: row[1], anchor: row[2], text: row[3], page: page[0], id: page[1], owner: page[2],
          revision: page[3], ownerKind: page[4], process: page[5], gone: page[6],
          url: page[0] + (row[2] ? "#" + row[2] : "")
        };
      });
    });
  }
  // Words that stand together in the order of the question, above all in the title, say more.
  function together(hit, words) {
    var title = stemsOf(hit.title), around = stemsOf(hit.title + " , " + (hit.anchor ? hit.owner : "")), text = stemsOf(hit.text), gain = 1;
    for (var at = 0; at + 1 < words.length; at += 1) {
      if (beside(around, words[at], words[at + 1])) { gain += 0.3; } else if (beside(text, words[at], words[at + 1])) { gain += 0.1; }
    }
    return title.length === words.length && title.every(function (word, i) { return word === words[i]; }) ? gain + 0.3 : gain;
  }
  function stemsOf(text) { return wordsOf(text).filter(function (word) { return !start.stops.has(word); }).map(stem); }
  function beside(list, one, other) {
    return list.some(function (word, at) { return word === one && list[at + 1] === other; });
  }
  // Hits of one page stand together, where its best one stands; more than a few of one page wait until others were shown.
  function byPage(hits) {
    var out = [], later = [];
    hits.forEach(function (hit) {
      var same = out.filter(function (other) { return other.page === hit.page; });
      if (same.length >= SAME) {
        later.push(hit);
      } else if (same.length && hit.score > same[0].score * NEAR) {
        out.splice(out.indexOf(same[same.length - 1]) + 1, 0, hit);
      } else {
        out.push(hit);
      }
    });
    return out.concat(later);
  }
  // Resolves to { hits, total, all, instead, words }: the hits from..from + count, best first.
  function find(text, options) {
    options = options || {};
    return open().then(function () { return rank(text, options); }).then(function (result) {
      var kept = options.keep ? result.ranked.filter(function (row) { return options.keep(row[0]); }) : result.ranked;
      var best = kept.slice(0, CANDIDATES), from = options.from || 0, count = options.count || 8;
      return Promise.all(best.map(function (row) { return shown(row[0]); })).then(breath).then(function (hits) {
        hits.forEach(function (hit, at) { hit.score = best[at][1] * together(hit, result.words); });
        hits = byPage(hits.sort(function (a, b) { return b.score - a.score || a.entry - b.entry; }));
        var rest = kept.slice(Math.max(CANDIDATES, from), Math.max(CANDIDATES, from + count));
        return Promise.all(rest.map(function (row) { return shown(row[0]); })).then(function (more) {
          var all = hits.slice(from, from + count).concat(from + count > CANDIDATES ? more : []);
          return { hits: all, total: kept.length, ranked: result.ranked, instead: result.instead, words: result.words, typed: result.typed, text: result.text };
        });
      });
    }).catch(function (error) {
      // A new build takes the pieces of the old one away.
      if (options.again || !start) { throw error; }
      return open(true).then(function () { return find(text, Object.assign({}, options, { again: true })); });
    });
  }
  // Resolves to words of the system that look like those of a question.
  function alike(text) {
    return open().then(function () {
      return Promise.all(questionOf(text).words.filter(function (word) { return word.length > 3; }).slice(0, 3).map(function (word) { return likeliest(word, 2, 2); }));
    }).then(function (lists) {
      return [].concat.apply([], lists).map(function (row) { return row[0]; });
    });
  }
  // Resolves to what a role works by most.
  function usual(role) {
    return open().then(function () { return concerned(role); }).then(function (data) {
      var from = { at: 0 }, entries = [];
      while (data && from.at < data[1].length) { entries.push(numberAt(data[1], from)); }
      return Promise.all(entries.map(shown));
    });
  }
  window.qmsSearch = { find: find, usual: usual, open: open, stem: stem, words: wordsOf };

  // --- showing hits --------------------------------------------------------------------------------------------------------

  var ICONS = {
    "do": "M2.5 4h7M2.5 8h7M2.5 12h4M11 9.5l2.5 2.5L11 14.5",
    proof: "M4 2h6l3 3v9H4zM10 2v3h3M6.3 8.5h4.4M6.3 11h4.4",
    who: "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM2.8 14c.4-2.7 2.5-4 5.2-4s4.8 1.3 5.2 4",
    look: "M2.5 3.5c2-.8 4-.6 5.5.7 1.5-1.3 3.5-1.5 5.5-.7v9c-2-.8-4-.6-5.5.7-1.5-1.3-3.5-1.5-5.5-.7zM8 4.2v9",
    page: "M2.5 3h11v10h-11zM2.5 6.3h11M6.5 6.3V13"
  };

  function make(tag, name, text) {
    var made = document.createElement(tag);
    if (name) { made.className = name; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }
  function icon(family) {
    var space = "http://www.w3.org/2000/svg", svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[family] || ICONS.look);
    svg.appendChild(path);
    return svg;
  }
  function address(hit) { return (root.dataset.base || ".") + "/" + hit.url; }
  function isFound(word, result) {
    var plain = folded(word), kept = stem(plain);
    return result.words.some(function (asked) { return kept === asked || (asked.length > 4 && kept.startsWith(asked)); }) || (result.typed && result.typed.length > 1 && plain.startsWith(result.typed));
  }
  // Text with the found words marked; never as HTML.
  function marked(into, text, result) {
    var last = 0;
    Array.from(text.matchAll(/[\p{L}\p{N}]+/gu)).forEach(function (match) {
      if (!isFound(match[0], result)) { return; }
      into.appendChild(document.createTextNode(text.slice(last, match.index)));
      into.appendChild(make("mark", "", match[0]));
      last = match.index + match[0].length;
    });
    into.appendChild(document.createTextNode(text.slice(last)));
    return into;
  }
  // The part of a text in which most of the question stands.
  function excerpt(text, result, length) {
    if (text.length <= length) { return text; }
    var places = Array.from(text.matchAll(/[\p{L}\p{N}]+/gu)).filter(function (match) { return isFound(match[0], result); }).map(function (match) { return match.index; });
    var best = 0, most = 0;
    places.forEach(function (place) {
      var count = places.filter(function (other) { return other >= place && other < place + length - 30; }).length;
      if (count > most) { most = count; best = place; }
    });
    if (best < length / 2) { return text.slice(0, length).replace(/\s+\S*$/, "") + " …"; }
    return "… " + text.slice(best - 40, best - 40 + length).replace(/^\S*\s+|\s+\S*$/g, "") + " …";
  }
  function where(hit) {
    var box = make("span", "qms-hit-where");
    if (/[0-9]/.test(hit.id)) { box.appendChild(make("span", "qms-no", hit.id)); }
    [hit.anchor ? hit.owner : "", hit.revision ? qmsText("revision {number}", { number: hit.revision }) : "", hit.process && hit.process !== hit.owner ? hit.process : ""].filter(Boolean).forEach(function (text) {
      box.appendChild(make("span", "", text));
    });
    if (hit.gone) { box.appendChild(make("span", "qms-hit-gone", "■ " + hit.gone)); }
    return box;
  }
  function fill(link, hit, result, length, nested) {
    var kind = start.kinds[hit.kind], tag = make("span", "qms-hit-kind qms-family-" + kind[2]), body = make("span", "qms-hit-body");
    tag.appendChild(icon(kind[2]));
    tag.appendChild(make("span", "", kind[1]));
    link.href = address(hit);
    link.classList.add("qms-hit");
    link.classList.toggle("qms-hit-nested", Boolean(nested));
    link.classList.toggle("qms-hit-old", Boolean(hit.gone));
    link.appendChild(tag);
    body.appendChild(marked(make("span", "qms-hit-title"), hit.title, result));
    body.appendChild(where(hit));
    if (hit.text && length) { body.appendChild(marked(make("span", "qms-hit-text"), excerpt(hit.text, result, length), result)); }
    link.appendChild(body);
    return link;
  }
  function role() { return window.qmsMemory.get("qms-role"); }
  function counted(number) { return number === 1 ? qmsText("1 hit") : qmsText("{n} hits", { n: number }); }
  function pageOf(name, values) {
    var given = new URLSearchParams();
    Object.keys(values || {}).forEach(function (key) { if (values[key]) { given.set(key, values[key]); } });
    var text = given.toString(), here = document.querySelector("form[data-qms-search]");
    var prefix = here ? here.getAttribute("action").replace(/search\.html$/, "") : "";
    return prefix + name + ".html" + (text ? "?" + text : "");
  }
  function mending(result) {
    var words = Array.from(result.instead.values());
    return words.length ? qmsText("Shown for: {words}", { words: result.text.split(/\s+/).map(function (word) { return result.instead.get(folded(word)) || word; }).join(" ") }) : "";
  }
  // What to do when nothing was found.
  function nothing(box, text) {
    box.appendChild(make("p", "qms-none-title", qmsText("Nothing found for \u201c{text}\u201d.", { text: text.length > 60 ? text.slice(0, 60) + "…" : text })));
    var list = make("ul"), more = make("li");
    list.appendChild(make("li", "", qmsText("Try fewer words, or the word on the label, the form or the screen.")));
    more.appendChild(link("registers", qmsText("Look through the registers")));
    more.appendChild(document.createTextNode(" · "));
    more.appendChild(link("processes", qmsText("Go by process")));
    more.appendChild(document.createTextNode(" · "));
    more.appendChild(link("roles", qmsText("Ask the role that answers for it")));
    list.appendChild(more);
    box.appendChild(list);
    alike(text).then(function (words) {
      if (!words.length || !box.isConnected) { return; }
      var line = make("p", "qms-meant", qmsText("Did you mean") + " ");
      words.slice(0, 4).forEach(function (word, at) {
        if (at) { line.appendChild(document.createTextNode(", ")); }
        var other = make("a", "", word);
        other.href = pageOf("search", { q: word });
        line.appendChild(other);
      });
      line.appendChild(document.createTextNode("?"));
      box.insertBefore(line, list);
    }).catch(ignore);
    return box;
  }
  function link(name, text) {
    var made = make("a", "", text);
    made.href = pageOf(name);
    return made;
  }
  function ignore() { return undefined; }
  function unread(box) {
    box.textContent = "";
    box.appendChild(make("p", "qms-none-title", qmsText("The search cannot be read just now.")));
    box.appendChild(link("registers", qmsText("Look through the registers")));
  }

  // --- under every search box: a combobox with the best hits ---------------------------------------------------------------

  var boxes = 0;

  function combobox(form) {
    var input = form.querySelector("input[name=q]"), name = "qms-hits-" + (boxes += 1), asked = 0, timer = 0, active = -1, options = [], waits = false, keys = [];
    var panel = make("div", "qms-hits"), note = make("p", "qms-hits-note"), list = make("div", "qms-hits-list"), foot = make("div", "qms-hits-foot"), status = make("p", "qms-hide");
    panel.hidden = true;
    list.id = name;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", qmsText("Hits"));
    status.setAttribute("role", "status");
    [note, list, foot].forEach(function (part) { panel.appendChild(part); });
    form.appendChild(panel);
    form.appendChild(status);
    [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", name], ["aria-expanded", "false"], ["aria-keyshortcuts", "/ Control+K"], ["autocomplete", "off"]].forEach(function (pair) { input.setAttribute(pair[0], pair[1]); });

    function show(open) {
      if (open && panel.hidden && !form.closest("header") && window.matchMedia("(max-width: 48rem)").matches) { form.scrollIntoView({ block: "start" }); }
      panel.hidden = !open;
      input.setAttribute("aria-expanded", String(open && options.length > 0));
      document.documentElement.classList.toggle("qms-searching", open);
      if (open) { panel.style.setProperty("--qms-hits-top", Math.max(0, input.getBoundingClientRect().bottom + 6) + "px"); } else { choose(-1); }
    }
    function choose(at) {
      options.forEach(function (option, number) { option.setAttribute("aria-selected", String(number === at)); });
      active = at;
      if (at >= 0) {
        input.setAttribute("aria-activedescendant", options[at].id);
        options[at].scrollIntoView({ block: "nearest" });
      } else {
        input.removeAttribute("aria-activedescendant");
      }
    }
    function put(hits, result, length) {
      list.textContent = "";
      options = hits.map(function (hit, at) {
        var option = make("a");
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.tabIndex = -1;
        option.id = name + "-" + at;
        fill(option, hit, result, length, at > 0 && hits[at - 1].page === hit.page);
        list.appendChild(option);
        return option;
      });
      list.hidden = !options.length;
      active = -1;
      input.removeAttribute("aria-activedescendant");
    }
    function clear() {
      note.textContent = "";
      foot.textContent = "";
      note.hidden = true;
      foot.hidden = true;
      put([], null, 0);
    }
    // Keys pressed while an answer is under way mean the answer, not the list of what was typed before it.
    function answered(key) { if (waits) { keys.push(key); } else { key(); } }
    function settled() {
      waits = false;
      keys.splice(0).forEach(function (key) { key(); });
    }
    function stop() {
      clearTimeout(timer);
      asked += 1;
      waits = false;
      keys = [];
    }
    function offer(turn) {
      var who = role();
      (who ? window.qmsSearch.usual(who) : open().then(function () { return []; })).then(function (hits) {
        if (turn !== asked) { return; }
        clear();
        note.hidden = false;
        note.textContent = hits.length ? qmsText("What your role works by most") : qmsText("Type what you want to do, an id such as SOP-014, or a word you do not know.");
        put(hits, { words: [], typed: "" }, 0);
        show(document.activeElement === input);
        settled();
      }).catch(function () { if (turn === asked) { stop(); show(false); } });
    }
    function ask() {
      var turn = (asked += 1), text = input.value;
      waits = true;
      if (!text.trim()) { offer(turn); return; }
      find(text, { typing: true, role: role(), count: 8 }).then(function (result) {
        if (turn !== asked) { return; }
        clear();
        var mend = mending(result);
        note.hidden = !mend;
        note.textContent = mend;
        put(result.hits, result, 110);
        foot.hidden = false;
        if (result.hits.length) {
          var all = make("a", "", qmsText("All {n} hits, with filters", { n: result.total }));
          all.href = pageOf("search", { q: result.text });
          foot.appendChild(all);
          foot.appendChild(make("span", "qms-hits-keys", qmsText("\u2191 \u2193 to choose, Enter to open, Esc to close")));
        } else {
          nothing(foot, result.text);
        }
        status.textContent = counted(result.total);
        show(document.activeElement === input || panel.contains(document.activeElement));
        settled();
      }).catch(function () {
        if (turn !== asked) { return; }
        stop();
        clear();
        foot.hidden = false;
        unread(foot);
        show(true);
      });
    }
    input.addEventListener("focus", function () { if (panel.hidden) { ask(); } });
    input.addEventListener("input", function () {
      stop();
      waits = true;
      timer = setTimeout(ask, 60);
    });
    function move(by) {
      if (options.length) { choose(active + by >= options.length ? -1 : active + by < -1 ? options.length - 1 : active + by); }
    }
    function enter() { if (active >= 0 && !panel.hidden) { options[active].click(); } else { form.requestSubmit(); } }
    input.addEventListener("keydown", function (event) {
      var by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by && !event.altKey) {
        event.preventDefault();
        if (panel.hidden && !waits) { ask(); } else { answered(function () { move(by); }); }
      } else if (event.key === "Enter" && (keys.length || (active >= 0 && !panel.hidden))) {
        event.preventDefault();
        answered(enter);
      } else if (event.key === "Escape") {
        event.preventDefault();
        stop();
        if (panel.hidden) { input.value = ""; } else { show(false); }
      }
    });
    form.addEventListener("submit", function (event) { if (!input.value.trim()) { event.preventDefault(); } });
    form.addEventListener("focusout", function (event) { if (!form.contains(event.relatedTarget)) { stop(); show(false); } });
    // A press on a hit must not take the focus before the click arrives.
    panel.addEventListener("mousedown", function (event) { if (event.target.closest("[role=option]")) { event.preventDefault(); } });
    list.addEventListener("click", function () { show(false); input.blur(); });
  }

  // --- the page of all hits: filters, counts, pages; the state is in the address -----------------------------------------------

  var PAGE = 20, SHOWN = 7, FACETS = ["type", "process", "location"];

  function results(box) {
    var form = document.querySelector("form[data-qms-search-all]"), input = form.querySelector("input[name=q]");
    var head = make("p", "qms-results-head"), list = make("ol", "qms-results-list"), side = make("div", "qms-results-side"), pager = make("nav", "qms-results-pager"), none = make("div", "qms-none");
    var main = make("div", "qms-results-main"), turn = 0, timer = 0, facets = null, opened = new Set();
    var heads = { type: qmsText("Type"), process: qmsText("Process"), location: qmsText("Location") };
    head.setAttribute("role", "status");
    pager.setAttribute("aria-label", qmsText("Pages of hits"));
    [head, list, none, pager].forEach(function (part) { main.appendChild(part); });
    box.appendChild(side);
    box.appendChild(main);
    box.hidden = false;

    function state() {
      var given = new URLSearchParams(location.search), found = { q: given.get("q") || "", page: Math.max(1, parseInt(given.get("page"), 10) || 1) };
      FACETS.forEach(function (name) { found[name] = given.get(name) || ""; });
      return found;
    }
    function go(change, replace) {
      var now = Object.assign(state(), { page: 0 }, change), to = new URLSearchParams();
      ["q", "type", "process", "location"].forEach(function (name) { if (now[name]) { to.set(name, now[name]); } });
      if (now.page > 1) { to.set("page", String(now.page)); }
      try { history[replace ? "replaceState" : "pushState"](null, "", "?" + to.toString()); } catch (error) { location.search = to.toString(); return; }
      draw();
    }
    function filters() {
      return piece(start.facets).then(function (data) {
        if (!data.kinds) { spread(data); }
        facets = data;
      });
    }
    // What an entry is under a facet; locations of an entry without any are all.
    function valuesOf(name, entry) {
      if (name === "type") { return [start.kinds[facets.kinds[entry]][0]]; }
      if (name === "process") { return [facets.process[facets.processOf[Math.floor(entry / start.room)]][0]]; }
      var group = facets.group[facets.groupOf[Math.floor(entry / start.room)]];
      return (group.length ? group.map(function (at) { return facets.locations[at]; }) : facets.locations).map(function (row) { return row[0]; });
    }
    function keeps(now, but) {
      var asked = FACETS.filter(function (name) { return now[name] && name !== but; });
      return function (entry) { return asked.every(function (name) { return valuesOf(name, entry).indexOf(now[name]) >= 0; }); };
    }
    function titlesOf(name) {
      return new Map(name === "type" ? start.kinds : facets[name === "process" ? "process" : "locations"]);
    }
    function facet(name, now, ranked) {
      var counts = new Map(), kept = keeps(now, name);
      return inTurn(ranked, function (row) {
        if (kept(row[0])) { valuesOf(name, row[0]).forEach(function (value) { if (value) { counts.set(value, (counts.get(value) || 0) + 1); } }); }
      }).then(function () { return facetOf(name, now, counts); });
    }
    function facetOf(name, now, counts) {
      var titles = titlesOf(name), group = make("section", "qms-sift"), items = make("ul");
      if (now[name] && !counts.has(now[name])) { counts.set(now[name], 0); }
      group.appendChild(make("h2", "", heads[name]));
      Array.from(counts).sort(function (a, b) { return b[1] - a[1] || (a[0] < b[0] ? -1 : 1); }).forEach(function (row, at) {
        var item = make("li"), button = make("button", "qms-sift-value"), on = now[name] === row[0], change = {};
        change[name] = on ? "" : row[0];
        button.type = "button";
        button.setAttribute("aria-pressed", String(on));
        button.dataset.key = name + " " + row[0];
        button.appendChild(make("span", "", titles.get(row[0]) || row[0]));
        button.appendChild(make("span", "qms-sift-count", String(row[1])));
        button.addEventListener("click", function () { go(change); });
        item.appendChild(button);
        item.hidden = at >= SHOWN && !on && !opened.has(name);
        items.appendChild(item);
      });
      group.appendChild(items);
      var hidden = Array.from(items.children).filter(function (item) { return item.hidden; });
      if (hidden.length) {
        var more = make("button", "qms-sift-value qms-sift-more", qmsText("{n} more", { n: hidden.length }));
        more.type = "button";
        more.addEventListener("click", function () {
          opened.add(name);
          hidden.forEach(function (item) { item.hidden = false; });
          more.remove();
          hidden[0].firstChild.focus();
        });
        group.appendChild(more);
      }
      return counts.size > 1 || now[name] ? group : null;
    }
    function sideOf(now, result, mine) {
      return FACETS.reduce(function (before, name) {
        return before.then(function (groups) {
          return facet(name, now, result.ranked).then(function (group) { return group ? groups.concat([group]) : groups; });
        });
      }, Promise.resolve([])).then(function (groups) { if (mine === turn) { showSide(now, result, groups); } });
    }
    function showSide(now, result, groups) {
      var focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.key : "", wide = window.matchMedia("(min-width: 60rem)").matches;
      var fold = make("details", "qms-sifts"), summary = make("summary", "", qmsText("Filter"));
      fold.open = wide || Boolean(focus) || FACETS.some(function (name) { return now[name]; });
      fold.appendChild(summary);
      groups.forEach(function (group) { fold.appendChild(group); });
      side.textContent = "";
      if (result.ranked.length) { side.appendChild(fold); }
      if (focus) { Array.from(side.querySelectorAll("button")).filter(function (button) { return button.dataset.key === focus; }).forEach(function (button) { button.focus(); }); }
    }
    function pagerOf(now, total) {
      var last = Math.ceil(total / PAGE);
      pager.textContent = "";
      if (last < 2) { return; }
      [[now.page - 1, qmsText("Earlier hits")], [now.page + 1, qmsText("More hits")]].forEach(function (row, at) {
        if (at) { pager.appendChild(make("span", "", qmsText("Page {n} of {all}", { n: now.page, all: last }))); }
        var button = make("button", "qms-button", row[1]);
        button.type = "button";
        button.disabled = row[0] < 1 || row[0] > last;
        button.addEventListener("click", function () { go({ page: row[0] }); main.scrollIntoView(); });
        pager.appendChild(button);
      });
    }
    function draw() {
      var now = state(), mine = (turn += 1);
      if (document.activeElement !== input) { input.value = now.q; }
      none.textContent = "";
      if (!now.q.trim()) {
        head.textContent = "";
        list.textContent = "";
        side.textContent = "";
        pager.textContent = "";
        none.appendChild(make("p", "", qmsText("Type what you want to do, an id such as SOP-014, or a word you do not know.")));
        return;
      }
      open().then(filters).then(function () {
        return find(now.q, { role: role(), from: (now.page - 1) * PAGE, count: PAGE, keep: keeps(now, "") });
      }).then(function (result) {
        var rows = document.createDocumentFragment();
        return inTurn(mine === turn ? result.hits : [], function (hit) {
          var item = make("li");
          item.appendChild(fill(make("a"), hit, result, 220, false));
          rows.appendChild(item);
        }).then(function () {
          if (mine !== turn) { return null; }
          var mend = mending(result);
          head.textContent = counted(result.total) + (mend ? " · " + mend : "");
          list.textContent = "";
          list.start = (now.page - 1) * PAGE + 1;
          list.appendChild(rows);
          none.textContent = "";
          if (!result.hits.length) { nothing(none, result.text); }
          pagerOf(now, result.total);
          return sideOf(now, result, mine);
        });
      }).catch(function () { if (mine === turn) { list.textContent = ""; unread(none); } });
    }
    input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(function () { go({ q: input.value }, true); }, 120); });
    form.addEventListener("submit", function (event) { event.preventDefault(); go({ q: input.value }); });
    window.addEventListener("popstate", draw);
    draw();
  }

  function begin() {
    Array.from(document.querySelectorAll("form[data-qms-search]")).forEach(combobox);
    var all = document.querySelector("[data-qms-results]");
    if (all) { results(all); }
    document.addEventListener("keydown", function (event) {
      var typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
      if ((event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey)) {
        var first = document.querySelector("form[data-qms-search-all] input[name=q]") || document.querySelector("form[data-qms-search] input[name=q]");
        if (first) { event.preventDefault(); first.focus(); first.select(); }
      }
    });
  }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", begin); } else { begin(); }
})();
