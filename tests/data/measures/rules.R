# Makes rules.json: what two R packages say of the same series, by rule, as indexes from 0.
# Rscript rules.R QCC RSPC > rules.json, with the sources of qcc 3.0 (Scrucca, commit af350999) and
# Rspc 1.2.2 (Merck, commit 752bc37e) in these folders; made with R 4.2.2.
# Rspc has no both-sides condition in rule 8, so only qcc is asked for it.
folders <- commandArgs(trailingOnly = TRUE)
for (file in c("qcc.R", "rules.R", "utilities.R")) source(file.path(folders[1], "R", file))
source(file.path(folders[2], "R", "SPC.R"))

set.seed(1924)
n <- 240
drift <- round(as.vector(arima.sim(list(ar = 0.7), n)), 1)
turns <- round(rep(c(0.9, -0.9), n / 2) + rnorm(n, 0, 0.6), 1)
calm <- round(rnorm(n, 0, c(rep(0.35, 60), rep(1, 20), rep(2, 40))), 1)
slope <- round(rnorm(n, 0, 0.4) + rep(sin(seq(0, 6 * pi, length.out = 80)) * 3, 3), 1)
mixed <- round(sample(c(-1.8, 1.8), n, TRUE) + rnorm(n, 0, 0.4), 1)
individuals <- function(x) c(mean(x[1:24]), sd.xbar.one(x[1:24], std.dev = "MR", k = 2))
engines <- c(1270, 1258, 1248, 1260, 1263, 1260, 1259, 1240, 1260, 1246, 1238, 1253, 1249, 1245, 1251, 1252, 1249,
             1274, 1258, 1268, 1248, 1295, 1243, 1253, 1258)
paint <- read.table(file.path(folders[1], "data", "viscosity.txt"), header = TRUE)$viscosity
series <- list(
  "Nile 1871-1970, R datasets" = list(as.vector(Nile), individuals(as.vector(Nile))),
  "discoveries 1860-1959, R datasets" = list(as.vector(discoveries), individuals(as.vector(discoveries))),
  "viscosity of primer paint, Montgomery 2005, pp. 232-235" = list(paint, individuals(paint)),
  "engine weights, SAS/QC User's Guide, IRCHART" = list(engines, individuals(engines)),
  "drift" = list(drift, c(0, 1)), "turns" = list(turns, c(0, 1)),
  "calm" = list(calm, c(0, 1)), "slope" = list(slope, c(0, 1)), "mixed" = list(mixed, c(0, 1)))

qcc.says <- function(x, mean, sigma) {
  object <- structure(list(statistics = x, newstats = numeric(), center = mean, std.dev = sigma, nsigmas = 3,
                           limits = cbind(mean - 3 * sigma, mean + 3 * sigma), type = "xbar.one",
                           sizes = rep(1, length(x)), newsizes = numeric()), class = "qcc")
  rules <- c(paste0("WER", 1:4), paste0("NEL", 1:8))
  found <- lapply(rules, function(r) get(paste0("qccRulesViolating", r))(object))
  setNames(found, c(paste("Western Electric", 1:4), paste("Nelson", 1:8)))
}
rspc.says <- function(x, mean, sigma) {
  zones <- setNames(mean + sigma * (-3:3), -3:3)
  found <- list(Rule1(x, mean - 3 * sigma, mean + 3 * sigma, 1), Rule2(x, mean), Rule3(x, convention = 2),
                Rule4(x, convention = 2), Rule5(x, zones), Rule6(x, zones), Rule7(x, zoneB = zones))
  setNames(lapply(found, function(v) which(v == 1)), paste("Nelson", 1:7))
}
indexes <- function(x) if (length(x)) paste0("[", paste(sort(unique(x)) - 1, collapse = ", "), "]") else "[]"
rules <- function(x) paste0("{", paste0('"', names(x), '": ', sapply(x, indexes), collapse = ",\n   "), "}")
plain <- function(x) paste0("[", paste(sapply(x, function(v) format(v, digits = 15)), collapse = ", "), "]")
cat("[\n", paste(mapply(function(name, s) paste0(
  ' {"series": "', name, '",\n  "values": ', plain(s[[1]]), ',\n  "mean": ', format(s[[2]][1], digits = 17),
  ', "sigma": ', format(s[[2]][2], digits = 17), ',\n  "qcc": ', rules(qcc.says(s[[1]], s[[2]][1], s[[2]][2])),
  ',\n  "Rspc": ', rules(rspc.says(s[[1]], s[[2]][1], s[[2]][2])), "}"), names(series), series), collapse = ",\n"),
  "\n]\n", sep = "")
