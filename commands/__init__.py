"""The commands of `aimdata`, a module a subject: parse, build a configuration, call one function, print."""
