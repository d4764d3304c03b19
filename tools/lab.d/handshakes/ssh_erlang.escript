#!/usr/bin/env escript
%% SPDX-License-Identifier: BSD-3-Clause
%% Erlang's own SSH: a daemon for each of the terms {Address, Port, Options} in a file.
main([File]) ->
    logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssh),
    {ok, Rows} = file:consult(File),
    [daemon(Row) || Row <- Rows],
    timer:sleep(infinity).

daemon({Address, Port, Options}) ->
    {ok, Ip} = inet:parse_address(Address),
    {ok, _} = ssh:daemon(Ip, Port, Options).
