//! Requests with their responses, as most protocols need them: one transaction each.

use model::Direction;

use crate::{Input, Scope, Transaction, Transactions};

/// A request and its response; either may be missing.
#[derive(Debug)]
pub(crate) struct Exchange<M> {
    pub(crate) request: Option<M>,
    pub(crate) response: Option<M>,
    /// The server asked, and the client answers.
    pub(crate) turned: bool,
}

impl<M> Exchange<M> {
    /// The message of a direction.
    pub(crate) fn side(&self, direction: Direction) -> Option<&M> {
        match (direction, self.turned) {
            (Direction::ToServer, false) | (Direction::ToClient, true) => self.request.as_ref(),
            (Direction::ToClient, false) | (Direction::ToServer, true) => self.response.as_ref(),
        }
    }

    /// The request; without one, the response.
    pub(crate) fn either(&self) -> Option<&M> {
        self.request.as_ref().or(self.response.as_ref())
    }
}

/// The message that a field is read from: that of the direction looked at.
pub(crate) fn side<'a, M: 'static>(scope: &Scope<'a>) -> Option<&'a M> {
    scope.tx::<Exchange<M>>().side(scope.direction)
}

/// Opens the transaction of a request. Too many are open: the oldest unanswered one is given up first, with `too_many`
/// raised on it.
pub(crate) fn ask<'a, M>(
    open: &'a mut Transactions<Exchange<M>>,
    input: &Input<'_>,
    request: M,
    too_many: u8,
) -> &'a mut Transaction<Exchange<M>> {
    make_room(open, too_many);
    let turned = input.direction == Direction::ToClient;
    let exchange = Exchange { request: Some(request), response: None, turned };
    let transaction = open.open(input.time, input.packet, exchange);
    transaction.core.advance(input.direction, 1);
    transaction
}

/// Joins a response to the oldest unanswered request that `fits`; without one it gets a transaction of its own, and the
/// answer's second part is false.
pub(crate) fn answer<'a, M>(
    open: &'a mut Transactions<Exchange<M>>,
    input: &Input<'_>,
    response: M,
    too_many: u8,
    fits: impl Fn(&M, &M) -> bool,
) -> (&'a mut Transaction<Exchange<M>>, bool) {
    let turned = input.direction == Direction::ToServer;
    let asked = open.unfinished().find(|exchange| {
        exchange.body.response.is_none()
            && exchange.body.turned == turned
            && exchange.body.request.as_ref().is_some_and(|request| fits(request, &response))
    });
    let Some(asked) = asked.map(|exchange| exchange.core.id) else {
        make_room(open, too_many);
        let exchange = Exchange { request: None, response: Some(response), turned };
        let transaction = open.open(input.time, input.packet, exchange);
        finish(transaction);
        return (transaction, false);
    };
    let transaction = open.by_id_mut(asked).expect("it was just found");
    transaction.body.response = Some(response);
    finish(transaction);
    (transaction, true)
}

/// A message that is not answered.
pub(crate) fn tell<'a, M>(
    open: &'a mut Transactions<Exchange<M>>,
    input: &Input<'_>,
    message: M,
    too_many: u8,
) -> &'a mut Transaction<Exchange<M>> {
    make_room(open, too_many);
    let exchange = match input.direction {
        Direction::ToServer => Exchange { request: Some(message), response: None, turned: false },
        Direction::ToClient => Exchange { request: None, response: Some(message), turned: false },
    };
    let transaction = open.open(input.time, input.packet, exchange);
    transaction.core.only = Some(input.direction);
    finish(transaction);
    transaction
}

/// Nothing more will come for a transaction.
pub(crate) fn finish<T>(transaction: &mut Transaction<T>) {
    transaction.core.advance(Direction::ToServer, 1);
    transaction.core.advance(Direction::ToClient, 1);
}

/// Gives up the oldest open transaction when the limit is reached: it is logged as it stands. Those that are complete go
/// by themselves; a consumer that is stuck loses them.
pub(crate) fn make_room<T>(open: &mut Transactions<T>, too_many: u8) {
    if !open.is_full() {
        return;
    }
    if let Some(oldest) = open.unfinished().next() {
        oldest.core.raise(too_many);
        finish(oldest);
        return;
    }
    open.remove(0);
}
