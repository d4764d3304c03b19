#!/usr/bin/env escript
%% SPDX-License-Identifier: BSD-3-Clause
%% Erlang's own TLS: a listener for each {Address, Port, Options} of the list that a file evaluates to. It shakes hands, and
%% hangs up when the client has said something.
main([File]) ->
    logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssl),
    {ok, Rows} = file:script(File),
    [spawn(fun() -> listen(Row) end) || Row <- Rows],
    timer:sleep(infinity).

listen({Address, Port, Options}) ->
    {ok, Ip} = inet:parse_address(Address),
    {ok, Socket} = ssl:listen(Port, [{ip, Ip}, {reuseaddr, true}, {active, false}, {log_level, none} | Options]),
    accept(Socket).

accept(Socket) ->
    case ssl:transport_accept(Socket) of
        {ok, Connection} ->
            Pid = spawn(fun() -> receive go -> serve(Connection) end end),
            ssl:controlling_process(Connection, Pid),
            Pid ! go;
        _ -> ok
    end,
    accept(Socket).

serve(Connection) ->
    case ssl:handshake(Connection, 30000) of
        {ok, Tunnel} -> ssl:recv(Tunnel, 0, 30000), ssl:close(Tunnel);
        _ -> ok
    end.
