// The operations of a small program: queries, a mutation and subscriptions.
import { graphql } from "relay-runtime";

export const query = graphql`
  query appQuery($filter: HopFilter, $id: ID!) {
    ...listsHops @arguments(filter: $filter)
    ...listsHopsBackward
    viewer {
      ...listsInbox
    }
    node(id: $id) {
      __typename
      ...listsChildren @alias
      ...listsRecipientHops @alias
      ...partsAnything
    }
    statement {
      allocated {
        amount
        currency
      }
    }
  }
`;

export const acknowledge = graphql`
  mutation appAcknowledgeMutation($input: HopAcknowledgeInput!) {
    hopAcknowledge(input: $input) {
      hop {
        ...partsHop
      }
      token {
        id
      }
      operation {
        id
        status
      }
      userErrors {
        field
        message
        code
      }
    }
  }
`;

export const entries = graphql`
  subscription appEntriesSubscription($after: LogIndex) {
    entryRecorded(after: $after) {
      id
      index
      kind
    }
  }
`;

export const statement = graphql`
  subscription appStatementSubscription($filter: MoneyFilter, $after: LogIndex) {
    statementChanged(filter: $filter, after: $after) {
      index
      statement {
        held {
          amount
        }
      }
    }
  }
`;
